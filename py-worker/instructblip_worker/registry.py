"""Every request in the worker's hands, and the rule that each is settled once."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from .request import Request

_REMEMBERED = 4096
"""Settled attempts to remember, so that a SUBMIT delivered twice is not run twice."""


class Registry:
    """The live requests of a worker. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._live: dict[tuple[str, int], Request] = {}
        self._settled: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, request: Request) -> bool:
        """Take a request on; False when this attempt is known already."""
        with self._lock:
            if request.key in self._live or request.key in self._settled:
                return False
            self._live[request.key] = request
            return True

    def find(self, request_id: str, attempt: int) -> Request | None:
        """The live request of that name."""
        return self._live.get((request_id, attempt))

    def settle(self, request: Request) -> bool:
        """Mark a request as settled. True for the one caller who may send its RESULT or ERROR."""
        with self._lock:
            if self._live.pop(request.key, None) is None:
                return False
            request.settled = True
            self._settled[request.key] = None
            if len(self._settled) > _REMEMBERED:
                self._settled.popitem(last=False)
            return True

    def live(self) -> list[Request]:
        """The live requests, oldest first."""
        with self._lock:
            return list(self._live.values())

    @property
    def rows(self) -> int:
        """Rows of all live requests."""
        return sum(request.rows for request in self.live())

    def next_deadline(self) -> float | None:
        """When the earliest deadline passes, on the monotonic clock."""
        return min((r.deadline for r in self.live() if r.deadline is not None), default=None)

    def expired(self) -> list[Request]:
        """Live requests whose deadline has passed."""
        now = time.monotonic()
        return [r for r in self.live() if r.deadline is not None and r.deadline <= now]
