"""A pool of one, for tests: three ROUTER sockets, and a real worker process that dials them."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import zmq

from instructblip_worker.protocol import (
    Beat,
    Chunk,
    Error,
    FolderSource,
    Frame,
    GenerateOp,
    GenerateOptions,
    Hello,
    HubSource,
    ImageRef,
    Item,
    Load,
    Message,
    Progress,
    Ready,
    Result,
    ScriptedSource,
    Submit,
    TensorFrame,
    Welcome,
    decode,
    encode,
)

SERVER = Path(__file__).parents[2] / "server.py"
POOL_EPOCH = "0123456789abcdef"
EPOCH = 7
PATIENCE = 60.0
"""Seconds to wait for what must come; only a failing test takes so long."""

M = TypeVar("M", bound=Message)


class Pool:
    """Launches ``server.py`` and speaks the protocol with it. Every wait is for a named kind of message."""

    def __init__(self, directory: Path) -> None:
        self.token = secrets.token_hex(32)
        self.log_path = directory / "worker.log"
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._sockets: dict[str, zmq.Socket[bytes]] = {}
        self._peers: dict[str, bytes] = {}
        self._mail: dict[str, deque[tuple[Message, list[TensorFrame]]]] = {}
        self._poller = zmq.Poller()
        self.endpoints = {name: f"ipc://{directory / name[0]}" for name in ("control", "data", "echo")}
        for name in self.endpoints:
            self._mail[name] = deque()
            self._bind(name)
        self.process: subprocess.Popen[bytes] | None = None
        self.undecodable = 0

    def _bind(self, name: str) -> None:
        socket = self._context.socket(zmq.ROUTER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        socket.bind(self.endpoints[name])
        self._sockets[name] = socket
        self._poller.register(socket, zmq.POLLIN)

    def reconnect(self, name: str) -> None:
        """Close one of the sockets and open it again at the same place."""
        self._poller.unregister(self._sockets[name])
        self._sockets.pop(name).close()
        self._bind(name)

    # The process

    def launch_line(self, parent_pid: int | None = None) -> bytes:
        """The launch order."""
        order = {
            "endpoints": self.endpoints,
            "token": self.token,
            "worker_id": "w1",
            "pool_epoch": POOL_EPOCH,
            "parent_pid": os.getpid() if parent_pid is None else parent_pid,
        }
        return json.dumps(order).encode() + b"\n"

    def launch(self, line: bytes | None = None, **environment: str) -> subprocess.Popen[bytes]:
        """Start the worker."""
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(SERVER)],
                stdin=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **environment},
            )
        assert self.process.stdin is not None
        self.process.stdin.write(line or self.launch_line())
        self.process.stdin.flush()
        return self.process

    def wait_exit(self, seconds: float = PATIENCE) -> int:
        """The worker's exit status."""
        assert self.process is not None
        return self.process.wait(seconds)

    def log(self) -> str:
        """What the worker wrote to stderr."""
        return self.log_path.read_text()

    def close(self) -> None:
        """Kill the worker and close the sockets."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdin is not None
            self.process.stdin.close()
        self._context.destroy(linger=0)

    # Messages

    def send(self, channel: str, message: Message, tensors: Sequence[TensorFrame] = ()) -> None:
        """Send a message to the worker."""
        self.send_frames(channel, encode(message, tensors))

    def send_frames(self, channel: str, frames: Sequence[Frame]) -> None:
        """Send anything to the worker."""
        self._sockets[channel].send_multipart([self._peers[channel], *frames])

    def expect(
        self,
        channel: str,
        kind: type[M],
        where: Callable[[M], bool] = lambda _: True,
        seconds: float = PATIENCE,
    ) -> tuple[M, list[TensorFrame]]:
        """The next message of a kind; others of the channel stay where they are."""
        until = time.monotonic() + seconds
        while True:
            for index, (message, tensors) in enumerate(self._mail[channel]):
                if isinstance(message, kind) and where(message):
                    del self._mail[channel][index]
                    return message, tensors
            left = until - time.monotonic()
            gone = self.process is not None and self.process.poll() is not None
            if left <= 0 or (gone and not self.pump(0.0)):
                raise TimeoutError(f"no {kind.__name__} within {seconds} s; the log says:\n{self.log()}")
            self.pump(min(left, 0.5))

    def pump(self, seconds: float = 0.0) -> bool:
        """Read what is there, waiting at most so long for the first; False when nothing was."""
        ready = self._poller.poll(int(seconds * 1000))
        for socket, _ in ready:
            name = next(name for name, known in self._sockets.items() if known is socket)
            peer, *frames = self._sockets[name].recv_multipart()
            self._peers[name] = peer
            try:
                received = decode(frames)
            except ValueError:
                self.undecodable += 1
                continue
            if received is not None:
                self._mail[name].append(received)
        return bool(ready)

    def mail(self, channel: str, kind: type[M]) -> list[M]:
        """What came and was not expected yet."""
        return [message for message, _ in self._mail[channel] if isinstance(message, kind)]

    def clear(self) -> None:
        """Forget what came."""
        while self.pump():
            pass
        for mail in self._mail.values():
            mail.clear()

    # The handshake

    def greet(self, beat_ms: int = 100) -> dict[str, Hello]:
        """HELLO on all three sockets, then WELCOME."""
        hellos = {name: self.expect(name, Hello)[0] for name in self._sockets}
        self.send(
            "control",
            Welcome(
                minor=0,
                features=["streaming", "hash-first"],
                pool_epoch=POOL_EPOCH,
                worker_epoch=EPOCH,
                beat_ms=beat_ms,
                dead_after=50,
            ),
        )
        return hellos

    def load(self, source: FolderSource | HubSource | ScriptedSource, **settings: Any) -> None:
        """LOAD, with settings that differ from a test's usual."""
        usual: dict[str, Any] = {
            "worker_epoch": EPOCH,
            "model_id": "m",
            "dtype": "float32",
            "quantization": "none",
            "device": "cpu",
            "threads": 1,
            "slots": 8,
            "feature_cache_bytes": 2**24,
        }
        self.send("control", Load(source=source, **{**usual, **settings}))

    def start(self, source: FolderSource | HubSource | ScriptedSource, **settings: Any) -> Ready:
        """Everything up to READY."""
        self.launch()
        self.greet()
        self.load(source, **settings)
        ready, _ = self.expect("control", Ready)
        return ready

    def start_script(self, script: dict[str, Any] | None = None, **settings: Any) -> Ready:
        """A worker that follows a script."""
        return self.start(ScriptedSource(script=json.dumps(script or {})), **settings)

    # Requests

    def submit(self, *requests: tuple[Item, list[TensorFrame]], epoch: int = EPOCH) -> None:
        """One SUBMIT with some requests from :func:`ask`, whose tensors are put behind each other."""
        items: list[Item] = []
        tensors: list[TensorFrame] = []
        for item, own in requests:
            items.append(_shifted(item, len(tensors)))
            tensors.extend(own)
        self.send("data", Submit(worker_epoch=epoch, model_id="m", items=items), tensors)

    def result(self, item: Item, seconds: float = PATIENCE) -> tuple[Result, list[list[int]]]:
        """The RESULT of a request, and its sequences."""
        message, tensors = self.expect(
            "data", Result, lambda m: (m.request_id, m.attempt) == (item.request_id, item.attempt), seconds
        )
        rows: list[list[int]] = tensors[message.outputs["sequences"]].numpy().tolist()
        return message, rows

    def error(self, item: Item, seconds: float = PATIENCE) -> Error:
        """The ERROR of a request."""
        return self.expect("data", Error, lambda m: m.request_id == item.request_id, seconds)[0]

    def streamed(self, item: Item) -> list[int]:
        """The tokens that CHUNKs brought so far, checked for gaps."""
        entries = [
            entry
            for chunk in self.mail("data", Chunk)
            for entry in chunk.chunks
            if entry.request_id == item.request_id
        ]
        assert [entry.seq for entry in entries] == list(range(len(entries)))
        return [token for entry in entries for token in entry.tokens]

    def beat(self, where: Callable[[Beat], bool] = lambda _: True) -> Beat:
        """The next BEAT."""
        return self.expect("control", Beat, where)[0]

    def stages(self) -> list[str]:
        """The stages that PROGRESS told, in order."""
        return [progress.stage for progress in self.mail("control", Progress)]


@contextmanager
def temporary_pool() -> Iterator[Pool]:
    """A pool in a folder with a short name, as socket paths may have 107 characters."""
    directory = Path(tempfile.mkdtemp(prefix="ibw-"))
    pool = Pool(directory)
    try:
        yield pool
    finally:
        pool.close()
        shutil.rmtree(directory)


def ask(
    input_ids: Sequence[int] = (5, 6, 7),
    qformer_input_ids: Sequence[int] = (5, 6, 7),
    picture: TensorFrame | str | None = None,
    *,
    stream: bool = False,
    credit: int | None = None,
    ttl_ms: int | None = None,
    attempt: int = 1,
    request_id: str | None = None,
    **options: Any,
) -> tuple[Item, list[TensorFrame]]:
    """A request and its tensors. A picture given by its hash alone goes without bytes."""
    frame = blank_picture() if picture is None else picture
    tensors = [ids_frame(input_ids), ids_frame(qformer_input_ids)]
    if isinstance(frame, TensorFrame):
        tensors.append(frame)
    item = Item(
        request_id=request_id or str(uuid.uuid4()),
        attempt=attempt,
        op=GenerateOp(
            image=ImageRef(hash=frame)
            if isinstance(frame, str)
            else ImageRef(hash=frame.content_hash(), tensor=2),
            input_ids=0,
            qformer_input_ids=1,
            options=GenerateOptions(**{"max_new_tokens": 8, **options}),
        ),
        ttl_ms=ttl_ms,
        stream=stream,
        credit=credit,
    )
    return item, tensors


def ids_frame(ids: Sequence[int]) -> TensorFrame:
    """i32 [tokens]."""
    return TensorFrame.of(np.array(ids, dtype=np.int32))


def blank_picture(shade: int = 0, size: int = 224) -> TensorFrame:
    """u8 [size, size, 3], all of one shade."""
    return TensorFrame.of(np.full((size, size, 3), shade, dtype=np.uint8))


def _shifted(item: Item, by: int) -> Item:
    import msgspec

    op = item.op
    assert isinstance(op, GenerateOp)
    image = op.image
    if image.tensor is not None:
        image = msgspec.structs.replace(image, tensor=image.tensor + by)
    op = msgspec.structs.replace(
        op, image=image, input_ids=op.input_ids + by, qformer_input_ids=op.qformer_input_ids + by
    )
    return msgspec.structs.replace(item, op=op)


def process_state(pid: int) -> str | None:
    """The state letter of /proc, None when there is no such process; a zombie is as good as gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return stat.rpartition(")")[2].split()[0]
