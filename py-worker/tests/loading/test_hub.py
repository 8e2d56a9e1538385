"""Downloads, against a small hub of our own."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from instructblip_worker.loading._hub_errors import explain_download
from instructblip_worker.protocol import Error, HubSource, Progress, Ready
from tests.engine.bench import MODELS
from tests.loading.checkpoints import make_checkpoint
from tests.loading.hub import MAIN, OTHER, TEMPTATIONS, TOKEN, WEIGHTS, Hub, running_hub
from tests.worker.pool import Pool, temporary_pool

FOLDER = MODELS / "tiny-shapes-llama"
SIZE = (FOLDER / WEIGHTS).stat().st_size


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A hub on this machine."""
    with running_hub(FOLDER) as server:
        yield server


def launch(pool: Pool, endpoint: str, home: Path, source: HubSource, token: str | None = None) -> None:
    """A worker whose hub is ours."""
    settings = {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_TOKEN": token or ""}
    pool.launch(None, HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_TELEMETRY="1", **settings)
    pool.greet()
    pool.load(source)


def refusal(pool: Pool) -> tuple[Error, int]:
    """The worker's ERROR and exit status."""
    error, _ = pool.expect("control", Error)
    return error, pool.wait_exit()


def downloads(pool: Pool) -> list[Progress]:
    """What was told of bytes."""
    return [each for each in pool.mail("control", Progress) if each.stage == "download" and each.total_bytes]


def test_a_repository_is_downloaded_once_and_without_what_could_run(
    pool: Pool, hub: Hub, tmp_path: Path
) -> None:
    source = HubSource(repo="someone/tiny", revision="v2", cache_dir=str(tmp_path / "cache"))
    launch(pool, hub.url, tmp_path, source)
    pool.expect("control", Progress, lambda progress: progress.stage == "import")
    assert not set(hub.names()) & set(TEMPTATIONS)
    assert {"config.json", WEIGHTS, "qformer_tokenizer/tokenizer.json"} <= set(hub.names())
    assert {each.commit for each in hub.fetched} == {OTHER}
    assert hub.names()[-1] == WEIGHTS
    assert set(pool.stages()) == {"download"}
    told = downloads(pool)
    assert told[-1].loaded_bytes == told[-1].total_bytes == SIZE
    assert {(each.file, each.total_bytes) for each in told} == {(WEIGHTS, SIZE)}
    assert all(0 <= (each.fraction or 0) <= 1 for each in told)


def test_a_download_that_breaks_off_goes_on_where_it_was_and_serves_offline_later(
    pool: Pool, hub: Hub, tmp_path: Path
) -> None:
    source = HubSource(repo="someone/cut", cache_dir=str(tmp_path / "cache"))
    launch(pool, hub.url, tmp_path, source, TOKEN)
    pool.expect("control", Progress, lambda progress: progress.stage == "import")
    ranges = [each.range for each in hub.fetched if each.file == WEIGHTS]
    assert ranges == [None, f"bytes={10 * 2**20}-", f"bytes={20 * 2**20}-"]
    told = downloads(pool)
    assert told[-1].loaded_bytes == told[-1].total_bytes == len(hub.large)
    pool.close()

    before = len(hub.fetched)
    with temporary_pool() as second:
        offline = HubSource(repo="someone/cut", cache_dir=str(tmp_path / "cache"), offline=True)
        launch(second, "http://127.0.0.1:9", tmp_path, offline)
        # It is whole: its folder is full of links to the cache's blobs.
        ready, _ = second.expect("control", Ready)
        assert ready.warnings == ["1 weights were not used, padding first."]
        assert TOKEN not in second.log()
    assert len(hub.fetched) == before


def test_a_worker_that_died_in_its_download_leaves_the_files_it_had(
    pool: Pool, hub: Hub, tmp_path: Path
) -> None:
    source = HubSource(repo="someone/stuck", cache_dir=str(tmp_path / "cache"))
    launch(pool, hub.url, tmp_path, source)
    pool.expect("control", Progress, lambda progress: bool(progress.loaded_bytes))
    pool.close()
    before = len(hub.fetched)
    hub.released.set()

    with temporary_pool() as second:
        launch(second, hub.url, tmp_path, source)
        second.expect("control", Progress, lambda progress: progress.stage == "import")
    assert [each.file for each in hub.fetched[before:]] == [WEIGHTS]


@pytest.mark.parametrize(
    ("source", "token", "code", "status", "words"),
    [
        (HubSource(repo="someone/else"), None, "MODEL_NOT_FOUND", 66, "private and needs a token"),
        (HubSource(repo="someone/else"), TOKEN, "MODEL_NOT_FOUND", 66, "the token may not see it"),
        (HubSource(repo="someone/private"), None, "MODEL_NOT_FOUND", 66, "HF_TOKEN"),
        (HubSource(repo="someone/gated"), None, "PERMISSION_DENIED", 77, "accept its terms"),
        (HubSource(repo="someone/forbidden"), TOKEN, "PERMISSION_DENIED", 77, "403"),
        (
            HubSource(repo="someone/tiny"),
            "hf_of_somebody_else",
            "PERMISSION_DENIED",
            77,
            "not know the token",
        ),
        (HubSource(repo="someone/tiny", revision="v9"), None, "MODEL_NOT_FOUND", 66, "no revision v9"),
        (HubSource(repo="no name/at/all"), None, "MODEL_NOT_FOUND", 66, "not a repository's name"),
        (HubSource(repo="someone/tiny", offline=True), None, "MODEL_NOT_FOUND", 66, "not in the cache"),
        (HubSource(repo="someone/pickled"), None, "MODEL_LOAD_FAILED", 66, "pickle"),
        (HubSource(repo="someone/lost"), None, "MODEL_NOT_FOUND", 66, "the hub does not have"),
        (HubSource(repo="someone/down"), None, "MODEL_LOAD_FAILED", 70, "503"),
    ],
)
def test_what_the_hub_does_not_give_is_told_in_words(
    pool: Pool,
    hub: Hub,
    tmp_path: Path,
    source: HubSource,
    token: str | None,
    code: str,
    status: int,
    words: str,
) -> None:
    launch(pool, hub.url, tmp_path, source, token)
    error, exit_status = refusal(pool)
    assert (error.code, exit_status) == (code, status)
    assert words in error.message
    if token is not None:
        assert token not in error.message
        assert token not in pool.log()


def test_the_token_opens_what_is_private(pool: Pool, hub: Hub, tmp_path: Path) -> None:
    launch(pool, hub.url, tmp_path, HubSource(repo="someone/private"), TOKEN)
    pool.expect("control", Progress, lambda progress: progress.stage == "import")
    assert {each.token for each in hub.fetched} == {TOKEN}
    assert {each.commit for each in hub.fetched} == {MAIN}


def test_shards_are_fetched_as_the_index_names_them(pool: Pool, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "shards", "t5", shard_size="20KB")
    shards = {path.name for path in folder.glob("model-*-of-*.safetensors")}
    (folder / "model-00099-of-00099.safetensors").write_bytes(b"of another upload")
    with running_hub(folder) as hub:
        launch(pool, hub.url, tmp_path, HubSource(repo="someone/tiny"))
        pool.expect("control", Progress, lambda progress: progress.stage == "import")
    assert len(shards) > 5
    assert {name for name in hub.names() if name.endswith(".safetensors")} == shards
    told = downloads(pool)
    assert (
        told[-1].loaded_bytes
        == told[-1].total_bytes
        == sum((folder / name).stat().st_size for name in shards)
    )


def test_the_weights_of_another_model_are_not_even_fetched(pool: Pool, hub: Hub, tmp_path: Path) -> None:
    launch(pool, hub.url, tmp_path, HubSource(repo="someone/other"))
    error, status = refusal(pool)
    assert (error.code, status) == ("CONFIG_INVALID", 78)
    assert "blip-2" in error.message
    assert WEIGHTS not in hub.names()


def test_a_hub_out_of_reach_may_be_tried_again(pool: Pool, tmp_path: Path) -> None:
    launch(pool, "http://127.0.0.1:9", tmp_path, HubSource(repo="someone/tiny"))
    error, status = refusal(pool)
    assert (error.code, status) == ("MODEL_LOAD_FAILED", 70)
    assert "could not be downloaded" in error.message


def test_weights_that_are_missing_offline_are_named(pool: Pool, hub: Hub, tmp_path: Path) -> None:
    cache = tmp_path / "cache" / "models--someone--tiny"
    snapshot = cache / "snapshots" / MAIN
    for path in FOLDER.rglob("*.json"):
        target = snapshot / path.relative_to(FOLDER)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    (snapshot / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "b.safetensors"}}))
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(MAIN)
    source = HubSource(repo="someone/tiny", cache_dir=str(tmp_path / "cache"), offline=True)
    launch(pool, hub.url, tmp_path, source)
    error, status = refusal(pool)
    assert (error.code, status) == ("MODEL_NOT_FOUND", 66)
    assert "b.safetensors of someone/tiny is not in the cache" in error.message
    assert hub.fetched == []


@pytest.mark.parametrize(
    ("number", "code", "path"),
    [
        (errno.ENOSPC, "RESOURCE_EXHAUSTED", "cache_dir"),
        (errno.EACCES, "CONFIG_INVALID", "cache_dir"),
        (errno.EROFS, "CONFIG_INVALID", "cache_dir"),
        (errno.ECONNRESET, "MODEL_LOAD_FAILED", None),
    ],
)
def test_trouble_of_the_machine_is_told_from_trouble_of_the_hub(
    number: int, code: str, path: str | None
) -> None:
    error = explain_download(HubSource(repo="someone/tiny"), OSError(number, "hf_secret /home/somebody"))
    assert (error.code, error.path) == (code, path)
    assert error.exit_status == (70 if path is None else 78)
    assert "somebody" not in error.message
