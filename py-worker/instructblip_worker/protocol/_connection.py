"""Headers of the connection's life: who is there, whether it lives, and how it ends."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from ._errors import ErrorCode
from ._types import (
    Attempt,
    Count,
    Fraction,
    Header,
    LongText,
    Milliseconds,
    Name,
    PoolEpoch,
    RequestId,
    ShortText,
    WorkerEpoch,
)

Features = Annotated[list[Name], Meta(max_length=32)]


class Minors(Header, kw_only=True, frozen=True):
    """A range of minor versions, both ends included."""

    min: Count
    max: Count


class Hello(Header, kw_only=True, frozen=True):
    """First message on each socket: who dials in, and the proof that it may."""

    role: Literal["worker", "client"]
    channel: Literal["control", "data", "echo", "front"]
    peer_id: Annotated[str, Meta(min_length=1, max_length=64)]
    token: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    minors: Minors
    features: Features
    schema_hash: Annotated[str, Meta(max_length=64)]
    pid: Count | None = None
    versions: dict[Name, ShortText] | None = None


class Welcome(Header, kw_only=True, frozen=True):
    """Answer to HELLO on the control or front socket."""

    minor: Count
    features: Features
    pool_epoch: PoolEpoch
    worker_epoch: Annotated[int, Meta(ge=0, le=2**31)]
    beat_ms: Milliseconds
    dead_after: Annotated[int, Meta(ge=1, le=100)]
    admin: bool | None = None


class Running(Header, kw_only=True, frozen=True):
    """One request in a worker's hands, as its BEAT reports it."""

    request_id: RequestId
    attempt: Attempt
    step: Count
    ms: Milliseconds


class Beat(Header, kw_only=True, frozen=True):
    """A sign of life and a report. Clients and pools send ``seq`` only."""

    seq: Count
    worker_epoch: WorkerEpoch | None = None
    slots_free: Count | None = None
    queued: Count | None = None
    running: Annotated[list[Running], Meta(max_length=256)] | None = None
    progress: Count | None = None
    gil_lag_ms: Milliseconds | None = None
    rss: Count | None = None
    device_bytes: Count | None = None
    cache_bytes: Count | None = None
    cache_hits: Count | None = None
    cache_misses: Count | None = None


class Ping(Header, kw_only=True, frozen=True):
    """Opaque to the worker: it comes back as it went."""

    seq: Count
    worker_epoch: WorkerEpoch


class Drain(Header, kw_only=True, frozen=True):
    """Finish what is in hand, take nothing new, then leave."""

    deadline_ms: Milliseconds


class Goodbye(Header, kw_only=True, frozen=True):
    """The sender leaves."""

    reason: LongText
    code: ErrorCode | None = None


class Disconnect(Header, kw_only=True, frozen=True):
    """The receiver has to leave."""

    reason: LongText
    code: ErrorCode


class Progress(Header, kw_only=True, frozen=True):
    """How far a load has come."""

    worker_epoch: WorkerEpoch
    stage: Literal["import", "download", "read", "build", "move", "check", "warm"]
    fraction: Fraction | None = None
    file: ShortText | None = None
    loaded_bytes: Count | None = None
    total_bytes: Count | None = None
