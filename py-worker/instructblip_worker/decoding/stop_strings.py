"""Ending a row when it says one of some strings."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from transformers.generation.stopping_criteria import StopStringCriteria

_KEPT = 8


class StopStrings:
    """transformers' criterion, made when first needed: it wants a whole tokenizer, and time to prepare."""

    def __init__(self, tokenizer_file: Path) -> None:
        self._file = tokenizer_file
        self._criteria: OrderedDict[tuple[str, ...], StopStringCriteria] = OrderedDict()

    def criterion(self, strings: list[str]) -> StopStringCriteria:
        """Tells which rows of ids [B, T] end in one of the strings."""
        key = tuple(strings)
        if key not in self._criteria:
            from transformers.tokenization_utils_tokenizers import PreTrainedTokenizerFast

            tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(self._file))
            self._criteria[key] = StopStringCriteria(tokenizer, strings)
        self._criteria.move_to_end(key)
        while len(self._criteria) > _KEPT:
            self._criteria.popitem(last=False)
        return self._criteria[key]
