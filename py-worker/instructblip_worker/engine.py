"""What a worker runs: the model, or a script that stands in for one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from .protocol import ModelFacts, TensorFrame

if TYPE_CHECKING:
    from .inbox import Inbox
    from .outbox import Outbox
    from .request import Picture, Request


@dataclass(frozen=True)
class AssetSet:
    """The files a processor needs, as one version."""

    digest: str
    """SHA-256 over paths and contents."""
    files: dict[str, bytes]
    """By path, relative to the checkpoint's folder."""


@dataclass(frozen=True)
class Served:
    """What READY tells the pool."""

    model: ModelFacts
    ops: list[str]
    assets: AssetSet
    warnings: list[str] = field(default_factory=list)


@dataclass
class Gauges:
    """Figures for BEAT. The engine writes them, the control thread reads them."""

    progress: int = 0
    """Grows with every unit of work: a stage of a batch, or a decode step."""
    device_bytes: int | None = None
    cache_bytes: int = 0
    cache_hits: int = 0
    cache_misses: int = 0
    silent: bool = False
    """Withholds BEAT: a failure that the scripted engine can be told to have."""


class Engine(Protocol):
    """One loaded model. ``serve`` runs on the main thread; the rest may be called from the others."""

    served: Served
    gauges: Gauges

    def check(self, request: Request) -> None:
        """Raise :class:`~.errors.RequestError` when a request cannot be run. Pictures are checked apart."""

    def batch_key(self, request: Request) -> bytes:
        """Equal for requests that may run in one batch."""

    def check_picture(self, frame: TensorFrame, *, interpolate: bool) -> None:
        """Raise :class:`~.errors.RequestError` for a picture of a kind or size the model cannot take."""

    def cached_picture(self, digest: str) -> Picture | None:
        """A picture of which the features are known."""

    def serve(self, inbox: Inbox, outbox: Outbox) -> None:
        """Answer what comes until the inbox is closed and empty."""
