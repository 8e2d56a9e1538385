"""Ending a row when it says one of some strings."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

from transformers.generation.stopping_criteria import StopStringCriteria

_KEPT = 8


class StopStrings:
    """transformers' criterion, made when first needed: it wants a whole tokenizer, and time to prepare."""

    def __init__(self, tokenizer_file: Path) -> None:
        self._file = tokenizer_file
        self._criteria: OrderedDict[tuple[str, ...], StopStringCriteria | None] = OrderedDict()

    def criterion(self, strings: list[str]) -> StopStringCriteria | None:
        """Tells which rows of ids [B, T] end in one of the strings; None when no token has a part of any."""
        key = tuple(strings)
        if key not in self._criteria:
            from transformers.tokenization_utils_tokenizers import PreTrainedTokenizerFast

            tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(self._file))
            sayable = [string for string in strings if _make(tokenizer, [string]) is not None]
            self._criteria[key] = _make(tokenizer, sayable) if sayable else None
        self._criteria.move_to_end(key)
        while len(self._criteria) > _KEPT:
            self._criteria.popitem(last=False)
        return self._criteria[key]


def _make(tokenizer: Any, strings: list[str]) -> StopStringCriteria | None:
    """transformers' criterion; None for strings that the vocabulary cannot say."""
    try:
        return StopStringCriteria(tokenizer, strings)
    except ValueError:
        # It looks for the longest of the tokens that have a part of the string, and there is none.
        return None
