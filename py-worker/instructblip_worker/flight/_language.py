"""Language models that can be decoded row by row."""

from __future__ import annotations

from typing import Any, Protocol

import torch

from ..decoding.options import beams, looks_up
from ..protocol import GenerateOptions
from ..stages import Prompt


class Language(Protocol):
    """A language model with a table of running rows: row i is in slot i."""

    def join(self, prompt: Prompt) -> torch.Tensor | None:
        """Add the prompt's rows behind the others.

        f32 [B, V], the scores of their first tokens; None when the start token is still to be stepped with.
        """

    def step(self, tokens: list[int]) -> torch.Tensor:
        """Scores f32 [N, V] after each row's newest token."""

    def leave(self, row: int) -> None:
        """Take a row out; the last one moves into its slot."""

    def clear(self) -> None:
        """Take all rows out and give their memory back."""


def language_of(model: Any) -> Language | None:
    """The running form of transformers' language model; None for one that only decodes batch by batch."""
    kind = model.config.model_type
    if kind == "t5":
        from ._t5 import T5Language

        return T5Language(model)
    if kind == "llama" and model.config.rope_parameters.get("rope_type", "default") == "default":
        from ._llama import LlamaLanguage

        return LlamaLanguage(model)
    return None


def can_fly(options: GenerateOptions) -> bool:
    """Whether a request's rows are decoded each for itself, a token a step, over the table."""
    return (
        beams(options) == 1
        and not looks_up(options)
        and options.use_cache is not False
        and options.cache_implementation in (None, "dynamic")
        and not options.output_attentions
        and not options.output_hidden_states
    )
