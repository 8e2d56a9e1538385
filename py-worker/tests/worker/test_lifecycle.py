"""How a worker ends: told to, asked to, or left alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from instructblip_worker.protocol import (
    Chunk,
    Drain,
    FolderSource,
    Goodbye,
    Hello,
    Load,
    Need,
    Ping,
    Progress,
    ScriptedSource,
)
from tests.engine.bench import MODELS
from tests.worker.pool import EPOCH, SERVER, Pool, ask, process_state

LONG = {"token_ms": 20, "tokens": 20}


def test_sigterm_finishes_what_is_in_hand_and_exits_cleanly(pool: Pool) -> None:
    pool.start_script(LONG, slots=1)
    running, queued = ask(stream=True, max_new_tokens=20), ask(max_new_tokens=5)
    pool.submit(running, queued)
    pool.expect("data", Chunk)

    assert pool.process is not None
    pool.process.send_signal(signal.SIGTERM)
    pool.beat()
    late = ask()
    pool.submit(late)

    assert pool.error(late[0]).code == "DRAINING"
    assert len(pool.result(running[0])[1][0]) == 21
    assert pool.result(queued[0])
    assert pool.expect("control", Goodbye)[0].reason
    assert pool.wait_exit() == 0


def test_sigterm_while_a_real_model_decodes(pool: Pool) -> None:
    pool.start(FolderSource(path=str(MODELS / "tiny-shapes-t5")))
    item, tensors = ask([5], [5], stream=True, max_new_tokens=60, min_new_tokens=60)
    pool.submit((item, tensors))
    pool.expect("data", Chunk)
    assert pool.process is not None
    pool.process.send_signal(signal.SIGTERM)
    assert len(pool.result(item)[1][0]) == 61
    assert pool.wait_exit() == 0


def test_sigterm_while_loading_exits_at_once(pool: Pool) -> None:
    pool.launch()
    pool.greet()
    pool.load(ScriptedSource(script=json.dumps({"load_ms": 600_000})))
    pool.expect("control", Progress)
    assert pool.process is not None
    pool.process.send_signal(signal.SIGTERM)
    assert pool.expect("control", Goodbye)
    assert pool.wait_exit() == 0


def test_sigint_is_the_pools_business(pool: Pool) -> None:
    pool.start_script()
    assert pool.process is not None
    pool.process.send_signal(signal.SIGINT)
    item, tensors = ask()
    pool.submit((item, tensors))
    assert pool.result(item)


def test_drain_gives_up_at_its_deadline(pool: Pool) -> None:
    pool.start_script({"service_ms": 600_000})
    request = ask()
    pool.submit(request)
    pool.beat(lambda beat: bool(beat.running))
    pool.send("control", Drain(deadline_ms=200))
    error = pool.error(request[0])
    assert (error.code, error.started) == ("DRAINING", True)
    assert pool.expect("control", Goodbye)


def test_a_request_that_waits_for_its_picture_is_given_up(pool: Pool) -> None:
    pool.start_script()
    request = ask(picture="ab" * 32)
    pool.submit(request)
    pool.expect("data", Need)
    pool.send("control", Drain(deadline_ms=60_000))
    error = pool.error(request[0])
    assert (error.code, error.started) == ("DRAINING", False)
    assert pool.wait_exit(10) == 0


def test_an_idle_worker_drains_at_once(pool: Pool) -> None:
    pool.start_script()
    pool.send("control", Drain(deadline_ms=60_000))
    assert pool.wait_exit(10) == 0


def test_a_stuck_engine_does_not_keep_the_worker_alive(pool: Pool) -> None:
    pool.start_script({"faults": [{"do": "hang"}]})
    pool.submit(ask())
    pool.beat(lambda beat: bool(beat.running))
    pool.send("control", Drain(deadline_ms=100))
    assert pool.wait_exit(20) == 70


def test_goodbye_of_the_pool_ends_the_worker(pool: Pool) -> None:
    pool.start_script()
    pool.send("control", Goodbye(reason="test"))
    assert pool.wait_exit(10) == 0


def test_the_end_of_stdin_ends_the_worker(pool: Pool) -> None:
    pool.start_script()
    assert pool.process is not None
    assert pool.process.stdin is not None
    pool.process.stdin.close()
    assert pool.wait_exit(10) == 75


def test_a_parent_that_died_before_the_first_line_is_noticed(pool: Pool) -> None:
    pool.launch(pool.launch_line(parent_pid=1))
    assert pool.wait_exit(10) == 75


@pytest.mark.skipif(
    sys.platform != "linux",
    reason="holds stdin open to test PR_SET_PDEATHSIG alone, which only Linux has; "
    "elsewhere a worker ends with its stdin, which test_the_end_of_stdin_ends_the_worker covers",
)
@pytest.mark.parametrize(
    "source",
    [
        {"kind": "folder", "path": str(MODELS / "tiny-shapes-t5")},
        {"kind": "scripted", "script": json.dumps({"faults": [{"do": "hold_gil", "at": "load"}]})},
        {"kind": "scripted", "script": json.dumps({"faults": [{"do": "stop", "at": "load"}]})},
        {"kind": "scripted", "script": "{}"},
    ],
    ids=["loading", "lock held", "stopped", "ready"],
)
def test_a_killed_parent_takes_its_worker_along(pool: Pool, source: dict[str, Any]) -> None:
    """In every state: the parent gets no chance to say anything."""
    import msgspec

    # A parent of its own, so that it can be killed; stdin stays open in this process.
    reader, writer = os.pipe()
    code = (
        "import os, subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, {str(SERVER)!r}], stdin={reader})\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with pool.log_path.open("wb") as log:
        parent = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=log, pass_fds=[reader]
        )
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    os.write(writer, pool.launch_line(parent_pid=parent.pid))
    pool.greet()
    load = msgspec.convert(
        {
            "worker_epoch": EPOCH,
            "model_id": "m",
            "source": source,
            "dtype": "float32",
            "quantization": "none",
            "device": "cpu",
            "threads": 1,
            "slots": 1,
            "feature_cache_bytes": 0,
        },
        Load,
    )
    pool.send("control", load)
    if source["kind"] == "folder":
        pool.expect("control", Progress)
    else:
        _wait_for(lambda: process_state(worker) in ("S", "T"))

    parent.kill()
    parent.wait()

    began = time.monotonic()
    _wait_for(lambda: process_state(worker) in (None, "Z"))
    assert time.monotonic() - began < 2
    parent.stdout.close()
    os.close(reader)
    os.close(writer)


def test_the_echo_answers_while_the_interpreter_lock_is_held(pool: Pool) -> None:
    held_ms = 3000
    pool.start_script({"faults": [{"do": "hold_gil", "ms": held_ms}]})
    pool.clear()
    item, tensors = ask()
    began = time.monotonic()
    pool.submit((item, tensors))
    slowest = 0.0
    seq = 0
    while time.monotonic() - began < held_ms / 1000 - 0.5:
        seq += 1
        sent = time.monotonic()
        pool.send("echo", Ping(seq=seq, worker_epoch=EPOCH))
        pong, _ = pool.expect("echo", Ping, seconds=5)
        assert pong.seq == seq
        slowest = max(slowest, time.monotonic() - sent)
        time.sleep(0.02)
    assert seq > 20
    # A tenth of a second is the promise; a busy machine gets half a one. A held lock would take three.
    assert slowest < 0.5
    assert pool.result(item)
    lag = pool.beat(lambda beat: (beat.gil_lag_ms or 0) > 1000).gil_lag_ms
    assert lag is not None
    assert lag <= held_ms + 500


def test_a_connection_that_breaks_is_made_again_with_a_new_hello(pool: Pool) -> None:
    pool.start_script()
    pool.clear()
    pool.reconnect("data")
    hello, _ = pool.expect("data", Hello)
    assert hello.token == pool.token
    item, tensors = ask()
    pool.submit((item, tensors))
    assert pool.result(item)


def _wait_for(condition: Any, seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)
