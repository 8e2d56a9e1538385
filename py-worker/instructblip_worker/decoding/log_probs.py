"""Log-probabilities of the tokens that were chosen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from ..protocol import TensorFrame
from .outputs import floats

_LEAST = float(torch.finfo(torch.float32).min)
"""Stands for minus infinity, which a header cannot hold."""


class ChosenTokens:
    """Says how likely the model itself found each new token, before any option changed its scores.

    Listens to the language model while ``generate`` runs it.
    """

    def __init__(self, language_model: Any, *, wanted: bool) -> None:
        self._model = language_model
        self._wanted = wanted
        self._scores: torch.Tensor | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take note of the model's scores meanwhile, if they are wanted."""
        if not self._wanted:
            yield
            return
        hook = self._model.register_forward_hook(self._note)
        try:
            yield
        finally:
            hook.remove()

    def log_probs(self, ids: torch.Tensor, position: int) -> Sequence[float | None]:
        """Of ids [B], which follow a position of the newest pass; None where they are not wanted."""
        if self._scores is None:
            return [None] * len(ids)
        return chosen_log_probs(self._scores[:, position].float(), ids.tolist())

    def _note(self, _module: Any, _arguments: Any, output: Any) -> None:
        # A copy: transformers changes the scores of guessed tokens in place.
        self._scores = output.logits.clone()


def chosen_log_probs(scores: torch.Tensor, ids: list[int]) -> list[float]:
    """How likely ids [B] are by a model's scores f32 [B, V]."""
    chosen = torch.tensor(ids, device=scores.device)
    # [B, V] -> [B, 1] -> [B]
    log_probs = scores.log_softmax(dim=-1).gather(1, chosen.unsqueeze(1)).squeeze(1)
    found: list[float] = log_probs.clamp_min(_LEAST).tolist()
    return found


def stacked(rows: Sequence[Sequence[float]]) -> TensorFrame:
    """f32 [rows, tokens], 0 behind the end of a row."""
    width = max(map(len, rows), default=0)
    return floats(torch.tensor([[*row, *[0.0] * (width - len(row))] for row in rows]).view(len(rows), width))
