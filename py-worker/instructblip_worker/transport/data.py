"""The data socket: requests in, answers out."""

from __future__ import annotations

import threading
import time

from ..errors import RequestError
from ..intake import Intake
from ..log import log
from ..protocol import AssetFile, Assets, AssetsReply, Put, Submit, TensorFrame
from ..session import Session
from ._channel import Channel
from ._hello import hello

_MAX_FRAME_BYTES = 64 * 1024 * 1024
_BACKLOG = 1024


class Data(threading.Thread):
    """Owns the data socket. It is also the clock for deadlines of what the engine has not begun."""

    def __init__(self, session: Session) -> None:
        super().__init__(name="data", daemon=True)
        self._session = session
        self._stopping = False

    def stop(self, seconds: float) -> None:
        """Send what is left and close; wait for it at most so long. Called by the control thread."""
        self._stopping = True
        self._session.outbox.mail.ring()
        self.join(seconds)

    def run(self) -> None:
        """Pass messages on, both ways, until :meth:`stop`."""
        session = self._session
        launch = session.launch
        channel = Channel(launch.endpoints.data, hello(launch, "data"), _MAX_FRAME_BYTES, _BACKLOG)
        channel.listen(session.outbox.mail)
        intake = Intake(session)
        while not self._stopping:
            channel.poll(_seconds_until(session.registry.next_deadline(), intake.next_timeout()))
            while (received := channel.receive()) is not None:
                self._handle(intake, *received)
            for frames in session.outbox.mail.take_all():
                channel.send(frames)
            while (part := session.outbox.next_part()) is not None:
                channel.send(part)
            intake.release()
            intake.give_up_late_pictures()
            for request in session.registry.expired():
                session.outbox.error(
                    request, RequestError("DEADLINE_EXCEEDED", "The request's deadline passed in the worker.")
                )
        for frames in session.outbox.mail.take_all():
            channel.send(frames)
        channel.close()

    def _handle(self, intake: Intake, message: object, tensors: list[TensorFrame]) -> None:
        if isinstance(message, Submit):
            intake.submit(message, tensors)
        elif isinstance(message, Put):
            intake.put(message, tensors)
        elif isinstance(message, Assets):
            self._send_assets(message)
        else:
            log("unexpected_message", level="warning", channel="data", kind=type(message).__name__)

    def _send_assets(self, message: Assets) -> None:
        session = self._session
        if session.engine is None or session.load is None:
            return
        assets = session.engine.served.assets
        reply = AssetsReply(
            id=message.id,
            model_id=session.load.model_id,
            hash=assets.digest,
            files=[AssetFile(path=path, tensor=index) for index, path in enumerate(assets.files)],
        )
        frames = [TensorFrame("u8", (len(data),), memoryview(data)) for data in assets.files.values()]
        session.outbox.post(reply, frames)


def _seconds_until(*moments: float | None) -> float | None:
    """Until the earliest of some moments on the monotonic clock."""
    earliest = min((moment for moment in moments if moment is not None), default=None)
    return None if earliest is None else max(0.0, earliest - time.monotonic())
