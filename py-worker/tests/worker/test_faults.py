"""Failures that the scripted engine brings about, as the pool sees them."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest

from instructblip_worker.protocol import Beat, Chunk, Error, Goodbye, Result
from tests.worker.pool import EPOCH, Pool, ask, process_state

BUILTINS = [
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BufferError",
    "EOFError",
    "ExceptionGroup",
    "FileNotFoundError",
    "ImportError",
    "KeyError",
    "NotImplementedError",
    "OSError",
    "RecursionError",
    "RuntimeError",
    "StopIteration",
    "SyntaxError",
    "TimeoutError",
    "TypeError",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
    "UnicodeTranslateError",
    "ValueError",
    "ZeroDivisionError",
    "Unprintable",
]


def start(pool: Pool, do: str, **fault: Any) -> None:
    pool.start_script({"tokens": 4, "token_ms": 2, "faults": [{"do": do, "token": 7, **fault}]})


def test_every_exception_is_one_requests_error(pool: Pool) -> None:
    import sys

    names = [name for name in BUILTINS if name != "ExceptionGroup" or sys.version_info >= (3, 11)]
    faults = [{"do": "raise", "token": n, "exception": name} for n, name in enumerate(names, 100)]
    pool.start_script({"faults": faults}, slots=64)
    requests = {name: ask([n]) for n, name in enumerate(names, 100)}
    pool.submit(*requests.values())
    for name, (item, _) in requests.items():
        error = pool.error(item)
        assert (error.code, error.started) == ("INTERNAL", True)
        assert name in error.message
        assert "secret" not in error.message
        assert len(error.message.encode()) <= 512
    after = ask()
    pool.submit(after)
    assert pool.result(after[0])


@pytest.mark.parametrize("status", [1, 71])
def test_a_worker_that_exits_says_nothing(pool: Pool, status: int) -> None:
    start(pool, "exit", status=status, after_tokens=2)
    request = ask([7], stream=True)
    pool.submit(request)
    assert pool.wait_exit() == status
    while pool.pump(0.2):
        pass
    # What was on its way may be gone with it.
    assert pool.streamed(request[0]) in ([], [7], [7, 7])
    assert not pool.mail("data", Result)
    assert not pool.mail("control", Goodbye)


def test_an_abort_is_a_signal(pool: Pool) -> None:
    start(pool, "abort")
    pool.submit(ask([7]))
    assert pool.wait_exit() == -signal.SIGABRT


def test_a_stopped_worker_is_silent_but_there(pool: Pool) -> None:
    start(pool, "stop")
    pool.submit(ask([7]))
    assert pool.process is not None
    until = time.monotonic() + 10
    while process_state(pool.process.pid) != "T":
        assert time.monotonic() < until
        time.sleep(0.01)
    pool.clear()
    with pytest.raises(TimeoutError):
        pool.expect("control", Beat, seconds=0.3)


def test_a_hang_without_the_lock_keeps_beating_without_progress(pool: Pool) -> None:
    start(pool, "hang", ms=600_000)
    pool.submit(ask([7]))
    first = pool.beat(lambda beat: bool(beat.running))
    later = [pool.beat() for _ in range(3)][-1]
    assert later.seq > first.seq
    assert later.progress == first.progress


def test_muted_beats(pool: Pool) -> None:
    start(pool, "mute_beats")
    request = ask([7])
    pool.submit(request)
    assert pool.result(request[0])
    pool.clear()
    with pytest.raises(TimeoutError):
        pool.expect("control", Beat, seconds=0.3)


def test_out_of_memory_hits_all_that_run(pool: Pool) -> None:
    pool.start_script({"service_ms": 100, "faults": [{"do": "oom", "token": 7, "batch_above": 1}]})
    small, large = ask([7]), [ask([7]), ask([8])]
    pool.submit(small)
    assert pool.result(small[0])
    pool.submit(*large)
    for item, _ in large:
        assert pool.error(item).code == "CUDA_OOM"


def test_a_lost_device_ends_the_worker(pool: Pool) -> None:
    pool.start_script({"service_ms": 50, "faults": [{"do": "cuda_fatal", "token": 7}]}, slots=2)
    running, queued = [ask([7]), ask([8])], ask([9])
    pool.submit(*running, queued)
    for item, _ in running:
        assert pool.error(item).code == "CUDA_FATAL"
    error = pool.error(queued[0])
    assert (error.code, error.started) == ("DRAINING", False)
    assert pool.expect("control", Goodbye)[0].code == "CUDA_FATAL"
    assert pool.wait_exit() == 71


def test_errors_by_code(pool: Pool) -> None:
    start(pool, "error", code="OUTPUT_INVALID")
    request = ask([7])
    pool.submit(request)
    assert pool.error(request[0]).code == "OUTPUT_INVALID"


def test_lost_and_stale_answers(pool: Pool) -> None:
    faults = [{"do": "lose", "token": 7}, {"do": "stale_epoch", "token": 8}]
    pool.start_script({"faults": faults})
    lost, stale, fine = ask([7]), ask([8]), ask([9])
    pool.submit(lost, stale, fine)
    assert pool.result(fine[0])[0].worker_epoch == EPOCH
    assert pool.result(stale[0])[0].worker_epoch == EPOCH - 1
    pool.pump(0.2)
    assert not pool.mail("data", Result)


def test_more_answers_than_questions(pool: Pool) -> None:
    faults = [{"do": "duplicate_result", "token": 7}, {"do": "stray_result", "token": 8}]
    pool.start_script({"faults": faults})
    twice, stray = ask([7]), ask([8])
    pool.submit(twice, stray)
    for _ in range(2):
        assert pool.result(twice[0])
    assert pool.result(stray[0])
    assert pool.expect("data", Result)[0].request_id not in (twice[0].request_id, stray[0].request_id)


def test_a_gap_in_the_chunks(pool: Pool) -> None:
    start(pool, "skip_chunk", after_tokens=2)
    request = ask([7], stream=True)
    pool.submit(request)
    pool.result(request[0])
    entries = [entry.seq for chunk in pool.mail("data", Chunk) for entry in chunk.chunks]
    assert entries == [0, 1, 3, 4, 5]


def test_garbage(pool: Pool) -> None:
    start(pool, "garbage")
    request = ask([7])
    pool.submit(request)
    assert pool.result(request[0])
    assert pool.undecodable == 2


def test_a_flood_on_stderr(pool: Pool) -> None:
    start(pool, "flood_stderr", bytes=2_000_000)
    request = ask([7])
    pool.submit(request)
    assert pool.result(request[0])
    assert len(pool.log()) > 2_000_000


def test_a_leak_shows_in_the_beats(pool: Pool) -> None:
    start(pool, "leak", bytes=50_000_000)
    before = pool.beat().rss
    pool.submit(ask([7]))
    assert before is not None
    assert pool.beat(lambda beat: (beat.rss or 0) > before + 40_000_000)


def test_sigterm_ignored(pool: Pool) -> None:
    pool.start_script({"faults": [{"do": "ignore_sigterm", "at": "ready"}]})
    request = ask()
    pool.submit(request)
    pool.result(request[0])
    assert pool.process is not None
    pool.process.terminate()
    pool.clear()
    pool.beat()
    assert pool.process.poll() is None


def test_answers_of_any_size(pool: Pool) -> None:
    pool.start_script({"reply_bytes": 1_000_000})
    item, tensors = ask()
    pool.submit((item, tensors))
    result, received = pool.expect("data", Result)
    assert received[result.outputs["payload"]].data.nbytes == 1_000_000


def test_a_script_that_is_not_valid(pool: Pool) -> None:
    with pytest.raises(TimeoutError):
        pool.start_script({"no_such_field": 1})
    error, _ = pool.expect("control", Error)
    assert (error.code, error.path) == ("CONFIG_INVALID", "source.script")
    assert "no_such_field" in error.message
    assert pool.wait_exit() == 78


def test_a_load_that_fails_by_script(pool: Pool) -> None:
    with pytest.raises(TimeoutError):
        pool.start_script({"load_error": {"code": "MODEL_LOAD_FAILED", "exit_status": 65}})
    assert pool.expect("control", Error)[0].code == "MODEL_LOAD_FAILED"
    assert pool.wait_exit() == 65
