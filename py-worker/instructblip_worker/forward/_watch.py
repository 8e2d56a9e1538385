"""Progress of a pass, and its end when nobody wants its answer any more."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from ..request import ForwardRequest


class GivenUp(Exception):
    """Nobody wants the answer any more."""


class Watch:
    """Looks on while one request's pass is made."""

    def __init__(
        self, request: ForwardRequest, device: torch.device, on_progress: Callable[[], None]
    ) -> None:
        self.timings: dict[str, float] = {}
        """Milliseconds by stage."""
        self._request = request
        self._device = device
        self._on_progress = on_progress
        self._since = time.perf_counter()

    def step(self) -> None:
        """A layer is about to run, or a few pictures were seen. Raises GivenUp when it need not go on."""
        self._on_progress()
        if self._request.settled:
            raise GivenUp

    def stage(self, name: str) -> None:
        """All of that stage is over. Raises GivenUp when it need not go on."""
        # A device computes behind our back: without this its time would be the next stage's.
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        now = time.perf_counter()
        self.timings[name] = (now - self._since) * 1000
        self._since = now
        self.step()
