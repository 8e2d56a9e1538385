"""The ids that steer decoding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SpecialTokens:
    """They come from the tokenizer: the model's configuration is wrong about them in known checkpoints."""

    start: int
    """First token of every sequence: the decoder's start (T5) or BOS."""
    eos: tuple[int, ...]
    pad: int
