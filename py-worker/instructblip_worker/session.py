"""What the threads of a worker share."""

from __future__ import annotations

from dataclasses import dataclass, field

from .engine import Engine
from .inbox import Inbox
from .launch import Launch
from .outbox import Outbox
from .protocol import Load
from .registry import Registry


@dataclass
class Session:
    """One worker's life: written by the control and main threads, read by all."""

    launch: Launch
    registry: Registry = field(default_factory=Registry)
    inbox: Inbox = field(default_factory=Inbox)
    outbox: Outbox = field(init=False)
    load: Load | None = None
    engine: Engine | None = None
    """Set once the model is ready."""

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.registry)

    @property
    def worker_epoch(self) -> int:
        """This worker among the pool's spawns; 0 before WELCOME."""
        return self.outbox.worker_epoch

    @property
    def slots(self) -> int:
        """Rows that may run at once."""
        return self.load.slots if self.load is not None else 0
