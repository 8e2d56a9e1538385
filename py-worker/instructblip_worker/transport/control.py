"""The control socket: the worker's life, from HELLO to GOODBYE."""

from __future__ import annotations

import os
import queue
import threading
import time
from dataclasses import dataclass
from typing import NoReturn

from .. import exit_status, process
from ..errors import RequestError
from ..log import log
from ..mailbox import Mailbox
from ..protocol import (
    MINOR_MAX,
    MINOR_MIN,
    Beat,
    Cancel,
    Credit,
    Disconnect,
    Drain,
    ErrorCode,
    Frame,
    Goodbye,
    Load,
    Message,
    Running,
    Welcome,
    clip_message,
    encode,
)
from ..session import Session
from ._channel import FLUSH_MS, Channel
from ._hello import hello
from .data import Data

_MAX_FRAME_BYTES = 256 * 1024
_BACKLOG = 256
_WELCOME_SECONDS = 60.0
_SIGTERM_DRAIN_SECONDS = 8.0
"""Less than the ten seconds a supervisor usually leaves between SIGTERM and SIGKILL."""
_STUCK_SECONDS = 2.0
"""How long after a drain's deadline the engine may take to notice."""
_RUNNING = 256


@dataclass(frozen=True)
class _Leave:
    """End the process."""

    status: int
    reason: str
    code: ErrorCode | None = None


class Control(threading.Thread):
    """Owns the control socket, and is the only one that ends the process."""

    def __init__(self, session: Session, data: Data, signals: int) -> None:
        super().__init__(name="control", daemon=True)
        self._session = session
        self._data = data
        self._signals = signals
        self._orders: Mailbox[list[Frame] | _Leave] = Mailbox()
        self._loads: queue.SimpleQueue[Load] = queue.SimpleQueue()
        self._beat_seconds: float | None = None
        self._beat_due = time.monotonic() + _WELCOME_SECONDS
        self._beats = 0
        self._drain_due: float | None = None

    def wait_for_load(self) -> Load:
        """The pool's LOAD. Called by the main thread."""
        return self._loads.get()

    def post(self, message: Message) -> None:
        """Send a message on the control socket. May be called from any thread."""
        self._orders.put([*encode(message)])

    def leave(self, status: int, reason: str, code: ErrorCode | None = None) -> NoReturn:
        """Say goodbye and end the process. Called by the main thread."""
        self._orders.put(_Leave(status, reason, code))
        self.join()
        os._exit(status)

    def run(self) -> None:
        """Serve the control socket until the process ends."""
        launch = self._session.launch
        channel = Channel(launch.endpoints.control, hello(launch, "control"), _MAX_FRAME_BYTES, _BACKLOG)
        channel.listen(self._orders)
        channel.listen(self._signals)
        while True:
            channel.poll(max(0.0, self._next_due() - time.monotonic()))
            while (received := channel.receive()) is not None:
                self._handle(channel, received[0])
            if process.terminated(self._signals):
                self._drain(channel, _SIGTERM_DRAIN_SECONDS)
            for order in self._orders.take_all():
                if isinstance(order, _Leave):
                    self._leave(channel, order)
                channel.send(order)
            self._keep_time(channel)

    def _handle(self, channel: Channel, message: Message) -> None:
        if isinstance(message, Welcome):
            self._welcome(channel, message)
        elif isinstance(message, Load):
            self._load(message)
        elif isinstance(message, Cancel):
            request = self._session.registry.find(message.request_id, message.attempt)
            if request is not None:
                self._session.outbox.error(request, RequestError("CANCELLED", "The caller gave up."))
        elif isinstance(message, Credit):
            request = self._session.registry.find(message.request_id, message.attempt)
            if request is not None:
                request.stream.grant(message.chunks)
                # The data thread may have parts that wait for it.
                self._session.outbox.mail.ring()
        elif isinstance(message, Drain):
            self._drain(channel, message.deadline_ms / 1000)
        elif isinstance(message, Disconnect):
            refused = message.code in ("VERSION_MISMATCH", "UNAUTHENTICATED", "PERMISSION_DENIED")
            log("disconnected", level="error", code=message.code, reason=message.reason)
            status = exit_status.CONFIG if refused else exit_status.OK
            self._leave(channel, _Leave(status, "The pool disconnected this worker."))
        elif isinstance(message, Goodbye):
            self._leave(channel, _Leave(exit_status.OK, "The pool left."))
        elif not isinstance(message, Beat):
            log("unexpected_message", level="warning", channel="control", kind=type(message).__name__)

    def _welcome(self, channel: Channel, message: Welcome) -> None:
        session = self._session
        if not MINOR_MIN <= message.minor <= MINOR_MAX:
            reason = f"This worker speaks minors {MINOR_MIN} to {MINOR_MAX}, the pool {message.minor}."
            self._leave(channel, _Leave(exit_status.CONFIG, reason, "VERSION_MISMATCH"))
        if message.pool_epoch != session.launch.pool_epoch:
            reason = "This is not the pool that started this worker."
            self._leave(channel, _Leave(exit_status.PARENT_GONE, reason))
        session.outbox.worker_epoch = message.worker_epoch
        self._beat_seconds = message.beat_ms / 1000
        self._beat_due = time.monotonic()

    def _load(self, message: Load) -> None:
        if message.worker_epoch != self._session.worker_epoch or self._session.load is not None:
            log("stale_message", level="warning", kind="LOAD", epoch=message.worker_epoch)
            return
        self._session.load = message
        self._loads.put(message)

    def _drain(self, channel: Channel, seconds: float) -> None:
        """Take nothing new; the main thread ends the process once all is answered."""
        self._session.inbox.close()
        if self._session.engine is None:
            self._leave(channel, _Leave(exit_status.OK, "Stopped before the model was ready."))
        due = time.monotonic() + seconds
        self._drain_due = due if self._drain_due is None else min(due, self._drain_due)

    def _leave(self, channel: Channel, order: _Leave) -> NoReturn:
        """Send the last answers, then GOODBYE, then nothing: the interpreter is not torn down."""
        self._give_up()
        self._data.stop(2 * FLUSH_MS / 1000)
        channel.send([*encode(Goodbye(reason=clip_message(order.reason), code=order.code))])
        channel.close()
        log("left", status=order.status, reason=order.reason)
        os._exit(order.status)

    def _next_due(self) -> float:
        dues = [self._beat_due]
        if self._drain_due is not None:
            dues.append(self._drain_due)
        return min(dues)

    def _keep_time(self, channel: Channel) -> None:
        now = time.monotonic()
        if self._drain_due is not None and now >= self._drain_due:
            self._end_drain(channel, now)
        if now < self._beat_due:
            return
        if self._beat_seconds is None:
            self._leave(channel, _Leave(exit_status.PARENT_GONE, "No WELCOME came."))
        if self._session.engine is None or not self._session.engine.gauges.silent:
            channel.send([*encode(self._beat(now - self._beat_due))])
        self._beat_due = now + self._beat_seconds

    def _end_drain(self, channel: Channel, now: float) -> None:
        """The drain's deadline passed: give up what is left, and then the engine, if it does not notice."""
        if not self._session.registry.live():
            self._leave(channel, _Leave(exit_status.INTERNAL, "The engine did not stop."))
        self._give_up()
        self._drain_due = now + _STUCK_SECONDS

    def _give_up(self) -> None:
        """Nobody waits for an answer that will not come."""
        stopped = RequestError("DRAINING", "The worker stopped before the answer.")
        for request in self._session.registry.live():
            self._session.outbox.error(request, stopped)

    def _beat(self, lag: float) -> Beat:
        session = self._session
        now = time.monotonic()
        live = session.registry.live()
        begun = [(request, request.started_at) for request in live if request.started_at is not None]
        running = [
            Running(
                request_id=request.request_id,
                attempt=request.attempt,
                step=request.steps,
                ms=int((now - started) * 1000),
            )
            for request, started in begun[:_RUNNING]
        ]
        gauges = session.engine.gauges if session.engine is not None else None
        self._beats += 1
        return Beat(
            seq=self._beats,
            worker_epoch=session.worker_epoch,
            slots_free=max(0, session.slots - sum(r.rows for r in live)) if gauges is not None else 0,
            queued=len(live) - len(begun),
            running=running,
            progress=gauges.progress if gauges is not None else 0,
            gil_lag_ms=int(max(0.0, lag) * 1000),
            rss=process.resident_bytes(),
            device_bytes=gauges.device_bytes if gauges is not None else None,
            cache_bytes=gauges.cache_bytes if gauges is not None else 0,
            cache_hits=gauges.cache_hits if gauges is not None else 0,
            cache_misses=gauges.cache_misses if gauges is not None else 0,
        )
