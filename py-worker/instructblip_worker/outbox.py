"""Replies on their way to the pool."""

from __future__ import annotations

import time
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from .errors import RequestError, WorkerError
from .mailbox import Mailbox
from .protocol import (
    OUTPUT_BYTES,
    Accept,
    AttemptRef,
    Chunk,
    ChunkEntry,
    Error,
    FinishReason,
    Frame,
    Message,
    Part,
    Result,
    TensorFrame,
    clip_message,
    encode,
)
from .registry import Registry
from .request import Request

_PIECE_BYTES = 4 * 1024 * 1024
"""Bytes of outputs that travel in the RESULT itself, and of each PART of the others."""
_CHUNK_ENTRIES = 256
_CHUNK_TOKENS = 2048
"""Entries, and tokens and log-probabilities all together, that fit into one CHUNK whatever they are."""


@dataclass
class Answer:
    """What an engine found out about one request."""

    sequences: list[list[int]] | None = None
    """By row: the start token, then the new tokens. Rows may differ in length. None where no text is made."""
    finish_reasons: list[FinishReason] = field(default_factory=list)
    pad_token_id: int = 0
    batch_size: int = 1
    image_cached: bool = False
    timings: dict[str, float] = field(default_factory=dict)
    """Milliseconds by stage; `queue` and `total` are added on the way out."""
    outputs: dict[str, TensorFrame] = field(default_factory=dict)
    """Other tensors that were asked for."""


class _Parcel:
    """An answer whose large outputs go ahead of it, part by part, as the reader's credit allows."""

    def __init__(self, request: Request, answer: Answer, worker_epoch: int) -> None:
        self.request = request
        self.answer, large = _split(answer)
        self.sent = 0
        self._parts = _parts(request, large, worker_epoch)
        self._next = next(self._parts, None)

    def take(self) -> Sequence[Frame] | None:
        """The next part, if there is one and it may go."""
        if self._next is None or not self.request.stream.spend():
            return None
        frames, self._next = self._next, next(self._parts, None)
        self.sent += 1
        return frames

    @property
    def empty(self) -> bool:
        """Whether only the RESULT is left."""
        return self._next is None


class Outbox:
    """Turns outcomes into messages for the data thread. Every method may be called from any thread."""

    def __init__(self, registry: Registry) -> None:
        self.mail: Mailbox[Sequence[Frame]] = Mailbox()
        self.worker_epoch = 0
        """Given by WELCOME; every message carries it."""
        self._registry = registry
        self._parcels: deque[_Parcel] = deque()

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
            values = len(entry.tokens) + len(entry.log_probs or [])
            if len(entries) == _CHUNK_ENTRIES or tokens + values > _CHUNK_TOKENS:
                self.post(Chunk(worker_epoch=self.worker_epoch, chunks=entries))
                entries, tokens = [], 0
            entries.append(entry)
            tokens += values
        if entries:
            self.post(Chunk(worker_epoch=self.worker_epoch, chunks=entries))

    def result(self, request: Request, answer: Answer) -> None:
        """Answer a request, unless it is settled already. Large outputs go as their reader takes them."""
        if request.answered:
            return
        request.answered = True
        size = sum(frame.data.nbytes for frame in answer.outputs.values())
        if size > OUTPUT_BYTES:
            too_large = (
                f"The outputs take {size} bytes, more than {OUTPUT_BYTES}. Ask for fewer outputs, a smaller "
                "batch or a shorter type."
            )
            self.error(request, RequestError("PAYLOAD_TOO_LARGE", too_large, path="outputs"))
        elif size > _PIECE_BYTES:
            self._parcels.append(_Parcel(request, answer, self.worker_epoch))
            self.mail.ring()
        else:
            frames = self.result_frames(request, answer)
            if self._registry.settle(request):
                self.mail.put(frames)

    def next_part(self) -> Sequence[Frame] | None:
        """A part of a large answer, or its RESULT, that may be sent now. Called by the data thread alone."""
        for _ in range(len(self._parcels)):
            parcel = self._parcels.popleft()
            if parcel.request.settled:
                continue
            frames = parcel.take()
            if frames is None and parcel.empty:
                result = self.result_frames(parcel.request, parcel.answer, parts=parcel.sent)
                if self._registry.settle(parcel.request):
                    return result
                continue
            # At the end again: large answers take turns.
            self._parcels.append(parcel)
            if frames is not None:
                return frames
        return None

    def result_frames(
        self, request: Request, answer: Answer, worker_epoch: int | None = None, *, parts: int = 0
    ) -> Sequence[Frame]:
        """The RESULT of a request. ``sequences`` is i64 [rows, tokens], padded on the right."""
        frames = dict(answer.outputs)
        if answer.sequences is not None:
            frames = {"sequences": _stack(answer.sequences, answer.pad_token_id), **frames}
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
            parts=parts or None,
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


def _split(answer: Answer) -> tuple[Answer, dict[str, TensorFrame]]:
    """The answer with the outputs that fit into a RESULT, and the others."""
    small: dict[str, TensorFrame] = {}
    large: dict[str, TensorFrame] = {}
    room = _PIECE_BYTES
    for name, frame in answer.outputs.items():
        if frame.data.nbytes <= room:
            room -= frame.data.nbytes
            small[name] = frame
        else:
            large[name] = frame
    return replace(answer, outputs=small), large


def _parts(request: Request, outputs: dict[str, TensorFrame], worker_epoch: int) -> Iterator[Sequence[Frame]]:
    """The PARTs of outputs; each is made when it is taken."""
    seq = 0
    for name, frame in outputs.items():
        for offset in range(0, frame.data.nbytes, _PIECE_BYTES):
            piece = frame.data[offset : offset + _PIECE_BYTES]
            part = Part(
                worker_epoch=worker_epoch,
                request_id=request.request_id,
                attempt=request.attempt,
                seq=seq,
                output=name,
                dtype=frame.dtype,
                shape=list(frame.shape),
                offset=offset,
                tensor=0,
            )
            yield encode(part, [TensorFrame("u8", (piece.nbytes,), piece)])
            seq += 1
