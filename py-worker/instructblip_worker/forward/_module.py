"""What a pass goes through."""

from __future__ import annotations

from typing import Protocol

import torch

from ..request import ForwardRequest


class Module(Protocol):
    """A model, or a part of one, as requests know it."""

    inputs: frozenset[str]
    """Names of the tensors it takes."""
    outputs: frozenset[str]
    """Names of the tensors it may give."""

    def check(self, request: ForwardRequest) -> None:
        """Raise RequestError for tensors it cannot take."""

    def run(self, request: ForwardRequest) -> dict[str, torch.Tensor]:
        """At least those of the outputs that are asked for and exist."""
