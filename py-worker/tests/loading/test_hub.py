"""Downloads, against a small hub of our own."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from instructblip_worker.protocol import Error, HubSource, Progress, Ready
from tests.engine.bench import MODELS
from tests.worker.pool import Pool

FOLDER = MODELS / "tiny-shapes-llama"
REPO = "someone/tiny"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
TEMPTATIONS = {"pytorch_model.bin": b"pickle", "modeling_evil.py": b"raise SystemExit"}


class Hub(ThreadingHTTPServer):
    """Serves one repository in the way of the hub, and remembers what was fetched."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        paths = [path for path in FOLDER.rglob("*") if path.is_file()]
        self.files = {str(path.relative_to(FOLDER)): path.read_bytes() for path in paths} | TEMPTATIONS
        self.fetched: list[str] = []

    @property
    def url(self) -> str:
        """For HF_ENDPOINT."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, *_: object) -> None:
        """Tests have no use for it."""

    def _answer(self, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        revisions = (f"/api/models/{REPO}/revision/main", f"/api/models/{REPO}/revision/{COMMIT}")
        resolve = f"/{REPO}/resolve/"
        if path in revisions:
            siblings = [{"rfilename": name} for name in self.server.files]
            self._send(json.dumps({"id": REPO, "sha": COMMIT, "siblings": siblings}).encode(), with_body)
        elif path.startswith(f"/api/models/{REPO}/tree/"):
            tree = [
                {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                for name, data in self.server.files.items()
            ]
            self._send(json.dumps(tree).encode(), with_body)
        elif path.startswith(resolve):
            name = path.removeprefix(resolve).partition("/")[2]
            if with_body:
                self.server.fetched.append(name)
            self._send(self.server.files[name], with_body)
        elif path.startswith(f"/api/models/{REPO}/revision/"):
            self._refuse("RevisionNotFound")
        else:
            self._refuse("RepoNotFound")

    def _send(self, body: bytes, with_body: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{hashlib.sha1(body).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _refuse(self, code: str) -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A hub on this machine."""
    server = Hub()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def launch(pool: Pool, endpoint: str, home: Path, source: HubSource) -> None:
    """A worker whose hub is ours."""
    pool.launch(HF_ENDPOINT=endpoint, HF_HOME=str(home), HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_TELEMETRY="1")
    pool.greet()
    pool.load(source)


def refusal(pool: Pool) -> tuple[Error, int]:
    """The worker's ERROR and exit status."""
    error, _ = pool.expect("control", Error)
    return error, pool.wait_exit()


def test_a_repository_is_downloaded_once_and_without_what_could_run(
    pool: Pool, hub: Hub, tmp_path: Path
) -> None:
    source = HubSource(repo=REPO, cache_dir=str(tmp_path / "cache"))
    launch(pool, hub.url, tmp_path, source)
    ready, _ = pool.expect("control", Ready)

    assert ready.model.language_model == "llama"
    assert not set(hub.fetched) & set(TEMPTATIONS)
    assert {"config.json", "model.safetensors", "qformer_tokenizer/tokenizer.json"} <= set(hub.fetched)
    assert pool.stages()[0] == "download"
    loads = [p for p in pool.mail("control", Progress) if p.stage == "download" and p.total_bytes]
    assert loads
    assert all((p.loaded_bytes or 0) <= (p.total_bytes or 0) for p in loads)


def test_offline_takes_what_the_cache_has(pool: Pool, hub: Hub, tmp_path: Path) -> None:
    cache = tmp_path / "cache" / f"models--{REPO.replace('/', '--')}"
    snapshot = cache / "snapshots" / COMMIT
    snapshot.parent.mkdir(parents=True)
    snapshot.symlink_to(FOLDER, target_is_directory=True)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(COMMIT)
    source = HubSource(repo=REPO, cache_dir=str(tmp_path / "cache"), offline=True)
    launch(pool, hub.url, tmp_path, source)
    assert pool.expect("control", Ready)
    assert hub.fetched == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (HubSource(repo="someone/else"), "does not exist"),
        (HubSource(repo=REPO, revision="v9"), "no revision v9"),
        (HubSource(repo="not a name/at/all"), "not a repository's name"),
        (HubSource(repo=REPO, offline=True), "not in the cache"),
    ],
)
def test_what_cannot_be_found_is_not_tried_again(
    pool: Pool, hub: Hub, tmp_path: Path, source: HubSource, words: str
) -> None:
    launch(pool, hub.url, tmp_path, source)
    error, status = refusal(pool)
    assert (error.code, status) == ("MODEL_NOT_FOUND", 66)
    assert words in error.message


def test_a_hub_out_of_reach_may_be_tried_again(pool: Pool, tmp_path: Path) -> None:
    launch(pool, "http://127.0.0.1:9", tmp_path, HubSource(repo=REPO))
    error, status = refusal(pool)
    assert (error.code, status) == ("MODEL_LOAD_FAILED", 70)
    assert "could not be downloaded" in error.message
