"""From SUBMIT to requests that the engine can run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

from .engine import Engine
from .errors import RequestError, invalid
from .failures import explain
from .log import log
from .protocol import (
    ForwardOp,
    GenerateOp,
    Item,
    Need,
    Put,
    RankOp,
    Submit,
    TensorFrame,
    operation_name,
)
from .request import (
    ForwardRequest,
    GenerateRequest,
    Picture,
    QuestionRequest,
    RankRequest,
    Request,
    TokenStream,
)
from .session import Session

_PICTURE_TIMEOUT = 30.0
"""Seconds to wait for a picture that was asked for."""
_PADDING = -1
"""Fills the rows of candidates."""
_BACKLOG = 64
"""Rows beyond four times the slots that may wait here; the pool keeps the real queue."""


@dataclass
class _Parked:
    """Requests that wait for the bytes of one picture."""

    picture: Picture
    until: float
    requests: list[QuestionRequest] = field(default_factory=list)


class Intake:
    """Checks what the pool sends and finds every request's picture. Lives on the data thread."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pictures: WeakValueDictionary[str, Picture] = WeakValueDictionary()
        self._parked: dict[str, _Parked] = {}
        self._ready: list[Request] = []

    def submit(self, message: Submit, tensors: Sequence[TensorFrame]) -> None:
        """Accept or refuse every item of a SUBMIT; those whose picture is here are ready."""
        session = self._session
        if message.worker_epoch != session.worker_epoch:
            log("stale_message", level="warning", kind="SUBMIT", epoch=message.worker_epoch)
            return
        accepted: list[Request] = []
        for item in message.items:
            try:
                request = self._request(message, item, tensors)
            except Exception as error:
                # A defect in a check must cost this request, not the thread.
                session.outbox.refuse(item.request_id, item.attempt, explain(error))
                continue
            if session.registry.add(request):
                accepted.append(request)
        if not accepted:
            return
        session.outbox.accept(accepted)
        waiting = [r for r in accepted if isinstance(r, QuestionRequest) and _bare(r.picture)]
        self._need(waiting)
        self._ready += [request for request in accepted if request not in waiting]

    def put(self, message: Put, tensors: Sequence[TensorFrame]) -> None:
        """Give the requests that wait for a picture its bytes."""
        parked = self._parked.pop(message.hash, None)
        engine = self._session.engine
        if parked is None or engine is None:
            return
        frame = tensors[message.tensor]
        try:
            engine.check_picture(frame, interpolate=parked.picture.interpolate)
            if frame.content_hash() != message.hash:
                raise RequestError(
                    "INVALID_ARGUMENT", "PUT's hash is not that of its bytes.", path="image.hash"
                )
        except RequestError as error:
            for request in parked.requests:
                self._session.outbox.error(request, error)
            return
        parked.picture.frame = frame
        self._pictures[message.hash] = parked.picture
        self._ready += parked.requests

    def release(self) -> None:
        """Hand over what is ready. Done last, as the engine wants the interpreter from then on."""
        if self._ready and not self._session.inbox.put(self._ready):
            for request in self._ready:
                self._session.outbox.error(request, _draining())
        self._ready = []

    def next_timeout(self) -> float | None:
        """When the longest awaited picture is given up, on the monotonic clock."""
        return min((parked.until for parked in self._parked.values()), default=None)

    def give_up_late_pictures(self) -> None:
        """Fail the requests whose picture did not come in time."""
        now = time.monotonic()
        for digest in [digest for digest, parked in self._parked.items() if parked.until <= now]:
            late = RequestError(
                "PROTOCOL", f"The picture was asked for with NEED, but no PUT came in {_PICTURE_TIMEOUT:g} s."
            )
            for request in self._parked.pop(digest).requests:
                self._session.outbox.error(request, late)

    def _request(self, message: Submit, item: Item, tensors: Sequence[TensorFrame]) -> Request:
        engine = self._admit(message, item)
        now = time.monotonic()
        common: dict[str, Any] = {
            "request_id": item.request_id,
            "attempt": item.attempt,
            "stream": TokenStream(item.stream, item.credit),
            "batch_key": b"",
            "rows": _rows(item),
            "deadline": None if item.ttl_ms is None else now + item.ttl_ms / 1000,
            "received_at": now,
        }
        request = self._typed(item, tensors, common)
        engine.check(request)
        request.batch_key = engine.batch_key(request)
        if isinstance(request, QuestionRequest):
            request.picture = self._picture(engine, request.picture)
        return request

    def _typed(self, item: Item, tensors: Sequence[TensorFrame], common: dict[str, Any]) -> Request:
        op = item.op
        if isinstance(op, ForwardOp):
            inputs = {name: tensors[index] for name, index in op.inputs.items()}
            return ForwardRequest(**common, op=op, inputs=inputs)
        question: dict[str, Any] = {
            "picture": Picture(
                op.image.hash,
                None if op.image.tensor is None else tensors[op.image.tensor],
                interpolate=bool(op.image.interpolate),
            ),
            "input_ids": _ids(tensors[op.input_ids], "input_ids"),
            "qformer_input_ids": _ids(tensors[op.qformer_input_ids], "qformer_input_ids"),
        }
        if isinstance(op, RankOp):
            return RankRequest(**common, **question, candidates=_candidates(tensors[op.candidates]))
        return GenerateRequest(**common, **question, options=op.options)

    def _admit(self, message: Submit, item: Item) -> Engine:
        """The engine, if it takes work of this kind now."""
        session = self._session
        if session.inbox.closed:
            raise _draining()
        if session.engine is None or session.load is None:
            raise RequestError("POOL_UNAVAILABLE", "The worker's model is not loaded yet.")
        if message.model_id != session.load.model_id:
            raise RequestError("MODEL_NOT_FOUND", f"This worker serves {session.load.model_id} only.")
        operation = operation_name(item.op)
        if operation not in session.engine.served.ops:
            known = ", ".join(session.engine.served.ops)
            raise RequestError("UNSUPPORTED", f"This model cannot do {operation}, only {known}.")
        if session.registry.rows > 4 * session.slots + _BACKLOG:
            raise RequestError("OVERLOADED", "The worker has far more work than slots.")
        return session.engine

    def _picture(self, engine: Engine, named: Picture) -> Picture:
        """The picture by its features, by its bytes, or to be asked for."""
        digest = named.digest
        cached = engine.cached_picture(digest)
        if cached is not None:
            return cached
        if named.frame is not None:
            engine.check_picture(named.frame, interpolate=named.interpolate)
            # The engine holds the bytes against the hash, before it keeps anything under it.
            self._pictures[digest] = named
            return named
        # A request with this picture may be in hand, its features not computed yet.
        known = self._pictures.get(digest)
        if known is not None and known.frame is not None and known.frame.content_hash() == digest:
            return known
        return named

    def _need(self, requests: list[QuestionRequest]) -> None:
        """Park requests without a picture, and ask for those that were not asked for before."""
        asked: list[str] = []
        for request in requests:
            digest = request.picture.digest
            if digest not in self._parked:
                self._parked[digest] = _Parked(request.picture, time.monotonic() + _PICTURE_TIMEOUT)
                asked.append(digest)
            parked = self._parked[digest]
            request.picture = parked.picture
            parked.requests.append(request)
        if asked:
            self._session.outbox.post(Need(hashes=asked))


def _draining() -> RequestError:
    return RequestError("DRAINING", "The worker takes no new work: it is about to stop.")


def _bare(picture: Picture) -> bool:
    return picture.frame is None and picture.features is None


def _rows(item: Item) -> int:
    """Rows of the decoder's batch; a pass of any other kind counts as one."""
    if not isinstance(item.op, GenerateOp):
        return 1
    return max(item.op.options.num_beams or 1, item.op.options.num_return_sequences or 1)


def _candidates(frame: TensorFrame) -> list[list[int]]:
    """Token ids of an i32 [candidates, tokens] frame, whose rows are padded with -1."""
    if frame.dtype != "i32" or len(frame.shape) != 2 or 0 in frame.shape:
        raise invalid("candidates", "i32 [candidates, tokens]", f"{frame.dtype} {list(frame.shape)}")
    rows: list[list[int]] = frame.numpy().tolist()
    return [[token for token in row if token != _PADDING] for row in rows]


def _ids(frame: TensorFrame, path: str) -> list[int]:
    """Token ids of an i32 [tokens] frame."""
    if frame.dtype != "i32" or len(frame.shape) != 1:
        raise invalid(path, "i32 [tokens]", f"{frame.dtype} {list(frame.shape)}")
    return frame.data.cast("i").tolist() if frame.data.nbytes else []
