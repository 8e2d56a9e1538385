"""What a pass goes through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import torch

from ..request import ForwardRequest


@dataclass
class Found:
    """What a pass found out."""

    outputs: dict[str, torch.Tensor] = field(default_factory=dict)
    """At least those that are asked for."""
    image_cached: bool = False
    """Whether all pictures' features were known before."""

    def add(self, outputs: dict[str, torch.Tensor], under: str = "") -> None:
        """More outputs, each with a prefix to its name."""
        self.outputs |= {under + name: tensor for name, tensor in outputs.items()}


OnStage = Callable[[str], None]
"""Told the name of a stage whenever a piece of it is done. It raises when the request was given up."""


class Module(Protocol):
    """A model, or a part of one, as requests know it."""

    inputs: frozenset[str]
    """Names of the tensors it takes."""
    outputs: frozenset[str]
    """Names of the tensors it may give."""

    def check(self, request: ForwardRequest) -> dict[str, tuple[int, ...]]:
        """The shapes of all its outputs. Raises RequestError for tensors it cannot take."""

    def run(self, request: ForwardRequest, on_stage: OnStage) -> Found:
        """The pass itself, of a request that was checked."""


def below(prefix: str, names: list[str]) -> frozenset[str]:
    """Those names that start with a prefix, without it."""
    return frozenset(name.removeprefix(prefix) for name in names if name.startswith(prefix))


def prefixed(prefix: str, shapes: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """The same shapes under longer names."""
    return {prefix + name: shape for name, shape in shapes.items()}
