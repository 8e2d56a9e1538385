"""A model's weights by name and shape, without any numbers in them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch


@dataclass(frozen=True)
class Weight:
    """One parameter."""

    name: str
    shape: tuple[int, ...]
    is_matrix: bool
    """Whether it is the matrix of a linear layer: what can be quantised."""

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Outline:
    """All parameters of a model; one that is shared by two modules counts once."""

    weights: tuple[Weight, ...]
    kept: tuple[str, ...]
    """Patterns of the names that transformers keeps in float32 when the rest is float16."""

    @classmethod
    def of(cls, model: Any) -> Outline:
        """The outline of a model as it is built, before anything in it is quantised."""
        matrices = {
            f"{name}.weight" for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)
        }
        weights = tuple(
            Weight(name, tuple(weight.shape), name in matrices) for name, weight in model.named_parameters()
        )
        # T5's `wo` overflows in float16. The patterns are transformers' own, and all that they match is kept.
        return cls(weights, tuple(model._get_dtype_plan(torch.float16)))

    def __iter__(self) -> Iterator[Weight]:
        return iter(self.weights)

    @property
    def size(self) -> int:
        """How many numbers the model has."""
        return sum(weight.size for weight in self.weights)

    def keeps(self, name: str) -> bool:
        """Whether a weight stays float32 when the rest is float16."""
        return self._pattern is not None and self._pattern.search(name) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        return re.compile("|".join(f"(?:{pattern})" for pattern in self.kept)) if self.kept else None


def read_outline(config: Any, *, has_own_head: bool) -> Outline:
    """The outline of an ``InstructBlipConfig``; building it takes milliseconds and no memory.

    transformers 5 builds every T5 with its head tied to the embeddings and unties it while it loads a
    checkpoint that has one of its own, as the published ones do: ``has_own_head`` says so.
    """
    from transformers.models.instructblip.modeling_instructblip import InstructBlipForConditionalGeneration

    with torch.device("meta"):
        outline = Outline.of(InstructBlipForConditionalGeneration(config))
    name = "language_model.lm_head.weight"
    text = config.text_config
    if has_own_head and all(weight.name != name for weight in outline):
        head = Weight(name, (text.vocab_size, text.hidden_size), is_matrix=True)
        return Outline((*outline.weights, head), outline.kept)
    return outline
