"""Replies on their way to the pool."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .errors import RequestError, WorkerError
from .mailbox import Mailbox
from .protocol import (
    Accept,
    AttemptRef,
    Chunk,
    ChunkEntry,
    Error,
    FinishReason,
    Frame,
    Message,
    ProtocolError,
    Result,
    TensorFrame,
    clip_message,
    encode,
)
from .registry import Registry
from .request import Request

_CHUNK_ENTRIES = 256
_CHUNK_TOKENS = 2048
"""Entries and tokens, all together, that fit into one CHUNK whatever they are."""


@dataclass
class Answer:
    """What an engine found out about one request."""

    sequences: list[list[int]]
    """By row: the start token, then the new tokens. Rows may differ in length."""
    finish_reasons: list[FinishReason]
    pad_token_id: int
    batch_size: int = 1
    image_cached: bool = False
    timings: dict[str, float] = field(default_factory=dict)
    """Milliseconds by stage; `queue` and `total` are added on the way out."""
    outputs: dict[str, TensorFrame] = field(default_factory=dict)
    """Other tensors that were asked for."""


class Outbox:
    """Turns outcomes into messages for the data thread. Every method may be called from any thread."""

    def __init__(self, registry: Registry) -> None:
        self.mail: Mailbox[Sequence[Frame]] = Mailbox()
        self.worker_epoch = 0
        """Given by WELCOME; every message carries it."""
        self._registry = registry

    def accept(self, requests: Sequence[Request]) -> None:
        """The worker has these requests and will settle them."""
        refs = [AttemptRef(request_id=r.request_id, attempt=r.attempt) for r in requests]
        self.post(Accept(worker_epoch=self.worker_epoch, items=refs))

    def chunks(self, requests: Iterable[Request]) -> None:
        """Send what these requests' streams may send now, in one message."""
        entries: list[ChunkEntry] = []
        tokens = 0
        for request in requests:
            entry = None if request.settled else request.next_chunk()
            if entry is None:
                continue
            if len(entries) == _CHUNK_ENTRIES or tokens + len(entry.tokens) > _CHUNK_TOKENS:
                self.post(Chunk(worker_epoch=self.worker_epoch, chunks=entries))
                entries, tokens = [], 0
            entries.append(entry)
            tokens += len(entry.tokens)
        if entries:
            self.post(Chunk(worker_epoch=self.worker_epoch, chunks=entries))

    def result(self, request: Request, answer: Answer) -> None:
        """Answer a request, unless it is settled already."""
        try:
            frames = self.result_frames(request, answer)
        except ProtocolError:
            too_large = "The answer is larger than a message may be; ask for fewer tokens or outputs."
            self.error(request, RequestError("PAYLOAD_TOO_LARGE", too_large))
            return
        if self._registry.settle(request):
            self.mail.put(frames)

    def result_frames(
        self, request: Request, answer: Answer, worker_epoch: int | None = None
    ) -> Sequence[Frame]:
        """The RESULT of a request. ``sequences`` is i64 [rows, tokens], padded on the right."""
        frames = {"sequences": _stack(answer.sequences, answer.pad_token_id), **answer.outputs}
        now = time.monotonic()
        started = request.started_at or now
        timings = {
            "queue": (started - request.received_at) * 1000,
            **answer.timings,
            "total": (now - request.received_at) * 1000,
        }
        message = Result(
            worker_epoch=worker_epoch or self.worker_epoch,
            request_id=request.request_id,
            attempt=request.attempt,
            chunks=request.stream.sent,
            outputs={name: index for index, name in enumerate(frames)},
            finish_reasons=answer.finish_reasons,
            timings={stage: round(ms, 3) for stage, ms in timings.items()},
            batch_size=answer.batch_size,
            image_cached=answer.image_cached,
        )
        return encode(message, list(frames.values()))

    def error(self, request: Request, error: WorkerError) -> None:
        """Fail a request, unless it is settled already."""
        if self._registry.settle(request):
            self.refuse(request.request_id, request.attempt, error, started=request.started_at is not None)

    def refuse(self, request_id: str, attempt: int, error: WorkerError, *, started: bool = False) -> None:
        """Fail a request that was never taken on."""
        self.post(
            Error(
                worker_epoch=self.worker_epoch,
                request_id=request_id,
                attempt=attempt,
                code=error.code,
                message=clip_message(error.message),
                started=started,
                path=error.path,
            )
        )

    def post(self, message: Message, tensors: Sequence[TensorFrame] = ()) -> None:
        """Send any message on the data socket."""
        self.mail.put(encode(message, tensors))


def _stack(rows: list[list[int]], pad: int) -> TensorFrame:
    """Rows of ids as one i64 [rows, tokens], padded on the right."""
    width = max(map(len, rows), default=0)
    ids = array("q")
    for row in rows:
        ids.extend(row)
        ids.extend([pad] * (width - len(row)))
    return TensorFrame("i64", (len(rows), width), memoryview(ids).cast("B") if ids else memoryview(b""))
