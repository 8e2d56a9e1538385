"""Telling the pool how far a load has come."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from .protocol import Message, Progress

Stage = Literal["import", "download", "read", "build", "move", "check", "warm"]

_EVERY_SECONDS = 0.25
"""Between two reports of one stage."""


class Reporter:
    """Sends PROGRESS: at the start of every stage, and now and then within one."""

    def __init__(self, worker_epoch: int, post: Callable[[Message], None]) -> None:
        self._worker_epoch = worker_epoch
        self._post = post
        self._next = 0.0
        self._file: str | None = None

    def stage(self, stage: Stage) -> None:
        """A stage begins."""
        self._next = time.monotonic() + _EVERY_SECONDS
        self._file = None
        self._post(Progress(worker_epoch=self._worker_epoch, stage=stage))

    def advance(
        self,
        stage: Stage,
        *,
        fraction: float | None = None,
        file: str | None = None,
        loaded_bytes: int | None = None,
        total_bytes: int | None = None,
        last: bool = False,
    ) -> None:
        """How far a stage has come. In quick succession only reports of a new file go, and the ``last``."""
        now = time.monotonic()
        if now < self._next and file == self._file and not last:
            return
        self._file = file
        self._next = now + _EVERY_SECONDS
        self._post(
            Progress(
                worker_epoch=self._worker_epoch,
                stage=stage,
                fraction=fraction,
                file=file,
                loaded_bytes=loaded_bytes,
                total_bytes=total_bytes,
            )
        )
