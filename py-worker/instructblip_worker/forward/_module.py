"""What a pass goes through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

import torch

from ..request import ForwardRequest
from ._watch import Watch

Shapes = dict[str, tuple[int, ...]]
"""Shapes of outputs by name."""


@dataclass
class Found:
    """What a pass found out."""

    outputs: dict[str, torch.Tensor] = field(default_factory=dict)
    """At least those that are asked for."""
    image_cached: bool = False
    """Whether all pictures' features were known before."""


class Module(Protocol):
    """A model, or a part of one, as requests know it."""

    inputs: frozenset[str]
    """Names of the tensors it takes."""
    outputs: frozenset[str]
    """Names of the tensors it may give."""

    def check(self, request: ForwardRequest) -> Shapes:
        """The shapes of all its outputs. Raises RequestError for tensors it cannot take."""

    def run(self, request: ForwardRequest, watch: Watch) -> Found:
        """The pass itself, of a request that was checked."""


def below(prefix: str, names: Iterable[str]) -> frozenset[str]:
    """Those names that start with a prefix, without it."""
    return frozenset(name.removeprefix(prefix) for name in names if name.startswith(prefix))
