"""A hub on this machine: the part of its interface that downloads need, over one checkpoint's files.

The repository's name says how it behaves; see ``BEHAVIOURS``. Run as a program it serves until its standard
input ends: ``python -m tests.loading.hub FOLDER`` writes its address, and ends with a line of JSON for every
request on standard output.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import safetensors.numpy

MAIN = "0123456789abcdef0123456789abcdef01234567"
OTHER = "89abcdef0123456789abcdef0123456789abcdef"
REVISIONS = {"main": MAIN, MAIN: MAIN, "v2": OTHER, OTHER: OTHER}
TOKEN = "hf_a-token-that-nobody-may-see"
WEIGHTS = "model.safetensors"
TEMPTATIONS = {"pytorch_model.bin": b"pickle", "modeling_evil.py": b"raise SystemExit"}
BEHAVIOURS = {
    "someone/tiny": "as it should be",
    "someone/private": "is not there for those without the token",
    "someone/gated": "lists its files, and gives none without the token",
    "someone/forbidden": "may not be read, whatever the token",
    "someone/down": "answers with 503",
    "someone/cut": "breaks off in the middle of the weights, each time further on",
    "someone/stuck": "stops in the middle of the weights until it is released",
    "someone/stuck-for-a-while": "needs the token, and makes a pause in the middle of the weights",
    "someone/pickled": "has weights in pickles only",
    "someone/other": "is a model of another kind",
    "someone/lost": "lists weights that it does not have",
}

_PRIVATE = ("someone/private", "someone/stuck-for-a-while")
_LARGE = ("someone/cut", "someone/stuck", "someone/stuck-for-a-while")


@dataclass(frozen=True)
class Fetched:
    """One request for a file's content."""

    repo: str
    commit: str
    file: str
    range: str | None
    token: str | None


class Hub(ThreadingHTTPServer):
    """Serves its repositories, and remembers what was fetched."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        paths = [path for path in folder.rglob("*") if path.is_file()]
        self.files = {str(path.relative_to(folder)): path.read_bytes() for path in paths} | TEMPTATIONS
        self.large = _with_padding(self.files[WEIGHTS]) if WEIGHTS in self.files else b""
        """The weights and 24 MB more: huggingface_hub keeps what it has in steps of 10 MiB."""
        self.fetched: list[Fetched] = []
        self.released = threading.Event()

    @property
    def url(self) -> str:
        """For HF_ENDPOINT."""
        return f"http://127.0.0.1:{self.server_port}"

    def names(self) -> list[str]:
        """The files whose content was asked for, in order."""
        return [each.file for each in self.fetched]

    def content(self, repo: str, commit: str) -> dict[str, bytes]:
        """The files of a revision."""
        files = dict(self.files)
        if repo == "someone/pickled":
            del files[WEIGHTS]
        if repo in _LARGE:
            files[WEIGHTS] = self.large
        config = json.loads(files["config.json"])
        if repo == "someone/other":
            config["model_type"] = "blip-2"
        if commit == OTHER:
            config["comes_from"] = "v2"
        files["config.json"] = json.dumps(config).encode()
        return files


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, *_: object) -> None:
        """Tests have no use for it."""

    @property
    def _token(self) -> str | None:
        header = self.headers.get("Authorization")
        return header.removeprefix("Bearer ") if header is not None else None

    def _answer(self, with_body: bool) -> None:
        parts = self.path.partition("?")[0].strip("/").split("/")
        is_list = parts[:2] == ["api", "models"]
        if len(parts) < 5:
            self._refuse(404)
            return
        # api/models/OWNER/NAME/{revision,tree}/REVISION or OWNER/NAME/resolve/REVISION/FILE
        owner, name, kind, revision, *file = parts[2:] if is_list else parts
        repo = f"{owner}/{name}"
        commit = REVISIONS.get(revision)
        if self._refused(repo, is_list):
            return
        if commit is None:
            self._refuse(404, "RevisionNotFound")
        elif kind == "resolve":
            self._send_file(repo, commit, "/".join(file), with_body)
        else:
            content = self.server.content(repo, commit)
            self._send_json(_listing(repo, commit, content, as_tree=kind == "tree"))

    def _refused(self, repo: str, is_list: bool) -> bool:
        """Whether the repository's behaviour is an answer of its own."""
        if self._token not in (None, TOKEN):
            self._refuse(401, message="Invalid credentials in Authorization header")
        elif repo not in BEHAVIOURS and self._token is not None:
            self._refuse(404, "RepoNotFound", "Repository not found")
        elif repo not in BEHAVIOURS or (repo in _PRIVATE and self._token is None):
            self._refuse(401, message="Invalid username or password.")
        elif repo == "someone/gated" and not is_list and self._token is None:
            self._refuse(401, "GatedRepo", "Access to model someone/gated is restricted.")
        elif repo == "someone/forbidden":
            # A careless server that repeats what it was sent.
            self._refuse(403, message=f"{self._token} may not read this")
        elif repo == "someone/down":
            self._refuse(503)
        else:
            return False
        return True

    def _send_file(self, repo: str, commit: str, file: str, with_body: bool) -> None:
        data = self.server.content(repo, commit).get(file)
        if data is None or (repo == "someone/lost" and file == WEIGHTS):
            self._refuse(404, "EntryNotFound")
            return
        asked = self.headers.get("Range")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(data) - start))
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", commit)
        self.end_headers()
        if with_body:
            self.server.fetched.append(Fetched(repo, commit, file, asked, self._token))
            self._send_body(repo, file, data, start)

    def _send_body(self, repo: str, file: str, data: bytes, start: int) -> None:
        half = start + len(data) // 2
        if file == WEIGHTS and repo == "someone/cut" and half < len(data):
            self.wfile.write(data[start:half])
            self.close_connection = True
        elif file == WEIGHTS and repo in _LARGE:
            self.wfile.write(data[start:half])
            self.wfile.flush()
            self.server.released.wait(1.0 if repo in _PRIVATE else None)
            self.wfile.write(data[half:])
        else:
            self.wfile.write(data[start:])

    def _send_json(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: int, code: str | None = None, message: str | None = None) -> None:
        self.send_response(status)
        if code is not None:
            self.send_header("X-Error-Code", code)
        if message is not None:
            self.send_header("X-Error-Message", message)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _with_padding(weights: bytes) -> bytes:
    tensors = safetensors.numpy.load(weights)
    tensors["padding"] = np.zeros(24_000_000, dtype=np.uint8)
    return safetensors.numpy.save(tensors, metadata={"format": "pt"})


def _listing(repo: str, commit: str, files: dict[str, bytes], *, as_tree: bool) -> object:
    if not as_tree:
        return {"id": repo, "sha": commit, "siblings": [{"rfilename": name} for name in files]}
    return [
        {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
        for name, data in files.items()
    ]


@contextmanager
def running_hub(folder: Path) -> Iterator[Hub]:
    """A hub, for as long as it is needed."""
    server = Hub(folder)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


if __name__ == "__main__":
    with running_hub(Path(sys.argv[1])) as hub:
        print(hub.url, flush=True)
        sys.stdin.read()
        for each in hub.fetched:
            print(json.dumps(asdict(each)))
