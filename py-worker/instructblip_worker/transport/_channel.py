"""A DEALER socket that never blocks its thread and greets on every connection."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import zmq
from zmq.utils.monitor import recv_monitor_message

from ..log import log
from ..mailbox import Mailbox
from ..protocol import Frame, Message, ProtocolError, TensorFrame, decode

FLUSH_MS = 500
"""How long a closing socket may take to send what is left."""
_HEARTBEAT_MS = 2000
_HEARTBEAT_TIMEOUT_MS = 6000
_HANDSHAKE_MS = 2000
_RECONNECT_MS = 100
_RECONNECT_MAX_MS = 5000


def dealer(context: zmq.Context[zmq.Socket[bytes]], max_frame_bytes: int, backlog: int) -> zmq.Socket[bytes]:
    """A DEALER as every socket of a worker is: no routing id of its own choice, no queue before a peer."""
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.IMMEDIATE, 1)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.MAXMSGSIZE, max_frame_bytes)
    socket.setsockopt(zmq.SNDHWM, backlog)
    socket.setsockopt(zmq.RCVHWM, backlog)
    socket.setsockopt(zmq.HANDSHAKE_IVL, _HANDSHAKE_MS)
    socket.setsockopt(zmq.RECONNECT_IVL, _RECONNECT_MS)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, _RECONNECT_MAX_MS)
    return socket


class Channel:
    """One socket to the pool, for the thread that made it.

    A connection starts with HELLO, the first and every later one: a ROUTER knows a peer that came back by
    another id. What cannot be sent yet waits here, so that a slow peer never stops the thread.
    """

    def __init__(self, endpoint: str, hello: Sequence[Frame], max_frame_bytes: int, backlog: int) -> None:
        self._hello = hello
        self._pending: deque[Sequence[Frame]] = deque()
        self._greeted = False
        self._context = zmq.Context()
        self._socket = dealer(self._context, max_frame_bytes, backlog)
        if not endpoint.startswith("ipc:"):
            # A network may lose a connection without a word. On one machine a silent pool is only a stopped
            # one, and the parent's death is noticed otherwise.
            self._socket.setsockopt(zmq.HEARTBEAT_IVL, _HEARTBEAT_MS)
            self._socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, _HEARTBEAT_TIMEOUT_MS)
            self._socket.setsockopt(zmq.HEARTBEAT_TTL, _HEARTBEAT_TIMEOUT_MS)
        watched = zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED
        self._monitor = self._socket.get_monitor_socket(watched)
        self._poller = zmq.Poller()
        self._poller.register(self._monitor, zmq.POLLIN)
        self._socket.connect(endpoint)

    def listen(self, mailbox: Mailbox[Any] | int) -> None:
        """Let :meth:`poll` wake for a mailbox or a file descriptor too."""
        self._poller.register(mailbox if isinstance(mailbox, int) else mailbox.fileno(), zmq.POLLIN)

    def poll(self, seconds: float | None) -> None:
        """Wait until something may be done, at most so long, and send what can be sent."""
        events = zmq.POLLIN | (zmq.POLLOUT if self._pending and self._greeted else 0)
        self._poller.register(self._socket, events)
        # Rounded up: waking a moment early would spin until the moment has passed.
        ready = dict(self._poller.poll(None if seconds is None else max(0, int(seconds * 1000) + 1)))
        if self._monitor in ready:
            self._watch_connection()
        self._flush()

    def send(self, frames: Sequence[Frame]) -> None:
        """Send a message, or keep it until it can be sent."""
        self._pending.append(frames)
        self._flush()

    def receive(self) -> tuple[Message, list[TensorFrame]] | None:
        """The next message, or None when none is there. What is not a message is logged and dropped."""
        while True:
            try:
                frames = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return None
            try:
                received = decode([frame.buffer for frame in frames])
            except ProtocolError as error:
                log("message_refused", level="error", reason=str(error))
                continue
            if received is not None:
                return received

    def close(self) -> None:
        """Send what is left, for at most :data:`FLUSH_MS`, and close."""
        self._flush()
        self._socket.disable_monitor()
        self._monitor.close()
        self._socket.close(linger=FLUSH_MS)
        self._context.term()

    def _watch_connection(self) -> None:
        event = recv_monitor_message(self._monitor)["event"]
        if event == zmq.EVENT_DISCONNECTED:
            self._greeted = False
        elif not self._greeted:
            self._greeted = True
            self._pending.appendleft(self._hello)

    def _flush(self) -> None:
        while self._pending and self._greeted:
            try:
                self._socket.send_multipart(self._pending[0], zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            self._pending.popleft()
