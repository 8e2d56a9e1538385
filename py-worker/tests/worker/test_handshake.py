"""From launch to READY."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from instructblip_worker.protocol import (
    Assets,
    AssetsReply,
    Disconnect,
    FolderSource,
    Goodbye,
    Hello,
    Ready,
    ScriptedSource,
    Welcome,
)
from tests.engine.bench import MODELS
from tests.worker.pool import EPOCH, POOL_EPOCH, Pool, ask


def test_hello_comes_on_every_socket_before_torch_is_imported(pool: Pool) -> None:
    process = pool.launch()
    hellos = pool.greet()
    assert {name: hello.channel for name, hello in hellos.items()} == {
        n: n for n in ("control", "data", "echo")
    }
    for hello in hellos.values():
        assert (hello.role, hello.peer_id, hello.token, hello.pid) == (
            "worker",
            "w1",
            pool.token,
            process.pid,
        )
    assert "libtorch" not in Path(f"/proc/{process.pid}/maps").read_text()


def test_a_worker_beats_before_it_is_loaded(pool: Pool) -> None:
    pool.launch()
    pool.greet(beat_ms=50)
    beats = [pool.beat() for _ in range(3)]
    assert [beat.seq for beat in beats] == [1, 2, 3]
    assert all(beat.worker_epoch == EPOCH and beat.slots_free == 0 for beat in beats)
    assert all(beat.rss is not None and beat.rss > 10_000_000 for beat in beats)


@pytest.mark.parametrize("kind", ["t5", "llama"])
def test_ready_describes_the_checkpoint(pool: Pool, kind: str) -> None:
    folder = MODELS / f"tiny-shapes-{kind}"
    config = json.loads((folder / "config.json").read_text())
    ready = pool.start(FolderSource(path=str(folder)), slots=5)
    model = ready.model
    assert (ready.slots, ready.warnings) == (5, [])
    assert "generate" in ready.ops
    assert (model.language_model, model.dtype, model.quantization, model.device) == (
        kind,
        "float32",
        "none",
        "cpu",
    )
    assert model.vocab_size == config["text_config"]["vocab_size"]
    assert model.num_query_tokens == config["num_query_tokens"]
    assert model.image_size == 224
    assert model.qformer_max_tokens == 512
    assert model.context_length == (None if kind == "t5" else 2048)
    assert (model.start_token_id, model.eos_token_ids) == ((0, [1]) if kind == "t5" else (2, [2]))
    assert 1_000_000 < model.parameters < 20_000_000
    stages = pool.stages()
    assert [s for i, s in enumerate(stages) if s not in stages[:i]] == [
        "import",
        "read",
        "check",
        "warm",
    ]

    pool.send("data", Assets(id=4))
    reply, tensors = pool.expect("data", AssetsReply)
    assert (reply.id, reply.model_id, reply.hash) == (4, "m", ready.assets_hash)
    for file in reply.files:
        assert bytes(tensors[file.tensor].data) == (folder / file.path).read_bytes()
    assert {file.path for file in reply.files} >= {
        "config.json",
        "preprocessor_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "qformer_tokenizer/tokenizer.json",
        "qformer_tokenizer/tokenizer_config.json",
    }


def test_a_scripted_worker_needs_no_torch(pool: Pool) -> None:
    ready = pool.start_script()
    assert ready.model.language_model == "scripted"
    assert ready.rss < 80_000_000


def test_a_scripted_worker_serves_real_assets(pool: Pool) -> None:
    folder = MODELS / "tiny-shapes-t5"
    pool.start_script({"assets": str(folder), "facts": {"vocab_size": 1408}})
    pool.send("data", Assets(id=1, model_id="m"))
    reply, _ = pool.expect("data", AssetsReply)
    assert "tokenizer.json" in {file.path for file in reply.files}


def test_a_wrong_launch_line_ends_the_worker(pool: Pool) -> None:
    pool.launch(b'{"endpoints": {}}\n')
    assert pool.wait_exit() == 78
    assert "launch_refused" in pool.log()


def test_a_welcome_from_another_pool_is_not_obeyed(pool: Pool) -> None:
    pool.launch()
    pool.expect("control", Hello)
    pool.send(
        "control",
        Welcome(minor=0, features=[], pool_epoch="f" * 16, worker_epoch=1, beat_ms=100, dead_after=5),
    )
    assert pool.wait_exit() == 75


def test_an_unknown_minor_version_is_refused(pool: Pool) -> None:
    pool.launch()
    pool.expect("control", Hello)
    pool.send(
        "control",
        Welcome(minor=99, features=[], pool_epoch=POOL_EPOCH, worker_epoch=1, beat_ms=100, dead_after=5),
    )
    assert pool.expect("control", Goodbye)[0].code == "VERSION_MISMATCH"
    assert pool.wait_exit() == 78


@pytest.mark.parametrize(("code", "status"), [("UNAUTHENTICATED", 78), ("POOL_CLOSED", 0)])
def test_a_disconnected_worker_leaves(pool: Pool, code: str, status: int) -> None:
    pool.launch()
    pool.greet()
    pool.send("control", Disconnect(reason="test", code=code))  # type: ignore[arg-type]
    assert pool.wait_exit() == status


def test_a_load_for_another_worker_is_dropped(pool: Pool) -> None:
    pool.launch()
    pool.greet()
    pool.load(ScriptedSource(script="{}"), worker_epoch=EPOCH + 1, model_id="stale")
    pool.load(ScriptedSource(script="{}"))
    assert pool.expect("control", Ready)[0].model_id == "m"


def test_requests_before_ready_are_refused_as_retryable(pool: Pool) -> None:
    pool.launch()
    pool.greet()
    item, tensors = ask()
    pool.submit((item, tensors))
    assert pool.error(item).code == "POOL_UNAVAILABLE"


def test_frames_that_are_no_message_do_no_harm(pool: Pool) -> None:
    pool.start_script()
    for channel in ("control", "data"):
        pool.send_frames(channel, [b"rubbish"])
        pool.send_frames(channel, [b"IBW\x01\x10\x00\x00\x00", b"\xc1"])
        pool.send_frames(channel, [])
    item, tensors = ask()
    pool.submit((item, tensors))
    assert pool.result(item)
    assert pool.log().count("message_refused") >= 4
