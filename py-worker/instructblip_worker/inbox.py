"""Accepted requests on their way to the engine."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from .request import Request


class Inbox:
    """A queue between the data thread, which fills it, and the engine, which forms batches from it."""

    def __init__(self) -> None:
        self._waiting: deque[Request] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def closed(self) -> bool:
        """Whether nothing more will come."""
        return self._closed

    def put(self, requests: Iterable[Request]) -> bool:
        """Add requests at once, so that those of one SUBMIT can form one batch. False when it is closed."""
        with self._changed:
            if self._closed:
                return False
            self._waiting.extend(requests)
            self._changed.notify()
            return True

    def close(self) -> None:
        """Nothing more will come; what waits is still handed out."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def take_batch(self, slots: int) -> list[Request]:
        """Wait for a request; with it come others of the same key while the rows fit into ``slots``.

        Requests settled meanwhile are dropped. Empty when the inbox is closed and nothing is left.
        """
        with self._changed:
            while True:
                head = self._pop_live()
                if head is not None:
                    return [head, *self._pop_like(head, slots - head.rows)]
                if self._closed:
                    return []
                self._changed.wait()

    def take_next(
        self, slots: int, free: int, at_once: int, flies: Callable[[Request], bool]
    ) -> list[Request]:
        """What is to run next, without waiting: requests that fly, or a batch that does not when one is due.

        The oldest decides which. Those that fly come while they fit into the ``free`` ones of ``slots`` rows,
        ``at_once`` rows at most, up to the first that does not fly; one that needs more rows comes by itself
        when all are free. Empty when nothing fits.
        """
        with self._changed:
            head = self._pop_live()
            if head is None:
                return []
            if not flies(head):
                return [head, *self._pop_like(head, slots - head.rows)]
            if free == slots and head.rows > min(free, at_once):
                return [head]
            taken: list[Request] = []
            room = min(free, at_once)
            while head is not None and flies(head) and head.rows <= room:
                taken.append(head)
                room -= head.rows
                head = self._pop_live()
            if head is not None:
                self._waiting.appendleft(head)
            return taken

    def take_now(self, rows: int) -> list[Request]:
        """Whatever fits into ``rows`` without waiting, whatever its key, oldest first."""
        taken: list[Request] = []
        with self._changed:
            while (head := self._pop_live()) is not None:
                if head.rows > rows and (taken or rows <= 0):
                    self._waiting.appendleft(head)
                    break
                taken.append(head)
                rows -= head.rows
        return taken

    def wait(self, until: float | None) -> None:
        """Wait until something is there, the inbox is closed, or the monotonic clock reaches ``until``."""
        with self._changed:
            if self._waiting or self._closed:
                return
            self._changed.wait(None if until is None else max(0.0, until - time.monotonic()))

    def _pop_live(self) -> Request | None:
        while self._waiting:
            request = self._waiting.popleft()
            if not request.settled:
                return request
        return None

    def _pop_like(self, head: Request, rows: int) -> list[Request]:
        """Those behind the head that fit, in order; the others keep theirs."""
        taken: list[Request] = []
        kept: deque[Request] = deque()
        for request in self._waiting:
            if request.settled:
                continue
            if request.batch_key == head.batch_key and request.rows <= rows:
                taken.append(request)
                rows -= request.rows
            else:
                kept.append(request)
        self._waiting = kept
        return taken
