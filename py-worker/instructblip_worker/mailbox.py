"""Handing things to a thread that polls sockets."""

from __future__ import annotations

import socket
from collections import deque
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """A queue that any thread may fill and that a zmq poller can wait on.

    ZeroMQ sockets belong to one thread, so others leave their messages here. The pair of plain sockets only
    rings the bell; the things themselves stay in the deque, whose ends are atomic.
    """

    def __init__(self) -> None:
        self._things: deque[T] = deque()
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._ear.setblocking(False)

    def fileno(self) -> int:
        """What to poll for readability."""
        return self._ear.fileno()

    def put(self, thing: T) -> None:
        """Leave one thing and wake the reader."""
        self._things.append(thing)
        self.ring()

    def ring(self) -> None:
        """Wake the reader."""
        # A buffer full of bells is loud enough.
        with suppress(BlockingIOError):
            self._bell.send(b"\0")

    def close(self) -> None:
        """Let go of the sockets."""
        self._bell.close()
        self._ear.close()

    def take_all(self) -> list[T]:
        """Everything that was put, oldest first; never waits."""
        # The bell is silenced first: what is put from here on rings it again.
        with suppress(BlockingIOError):
            while self._ear.recv(4096):
                pass
        things: list[T] = []
        while self._things:
            things.append(self._things.popleft())
        return things
