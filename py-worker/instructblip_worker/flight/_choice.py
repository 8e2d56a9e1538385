"""Choosing every row's next token."""

from __future__ import annotations

import math
import warnings
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import torch
from transformers.generation.logits_process import LogitsProcessorList

from ..decoding.log_probs import chosen_log_probs
from ..decoding.options import ending, generation_config
from ..decoding.sampling import GumbelDraw, warpers
from ..protocol import GenerateOptions
from ..special_tokens import SpecialTokens
from ._row import FlightRow, Settings

_LOOK_BACK = (
    "min_new_tokens",
    "repetition_penalty",
    "no_repeat_ngram_size",
    "bad_words_ids",
    "begin_suppress_tokens",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "sequence_bias",
    "exponential_decay_length_penalty",
    "watermarking_config",
)
"""Options whose effect depends on the tokens so far."""


_KEPT = 256
"""Settings that are kept for requests to come."""


class SettingsMaker:
    """Turns options into what changes a row's scores. transformers makes the processors, in its own order."""

    def __init__(self, model: Any, special: SpecialTokens, vocab_size: int, device: torch.device) -> None:
        self._model = model
        self._special = special
        self._vocab_size = vocab_size
        self._device = device
        self._led = bool(model.config.is_encoder_decoder)
        # Making them takes as long as some steps of a small model.
        self._known: OrderedDict[bytes, Settings] = OrderedDict()

    def make(self, options: GenerateOptions, key: bytes) -> Settings:
        """The settings of a request; ``key`` is equal for those that change scores alike."""
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._make(options, key)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return known

    def _make(self, options: GenerateOptions, key: bytes) -> Settings:
        config = generation_config(options, ending(options, self._special), options.max_new_tokens)
        # transformers counts the start token of an encoder-decoder, and nothing for a prompt of embeddings.
        seen = int(self._led)
        config.max_length = seen + options.max_new_tokens
        config.min_length = seen + options.min_new_tokens if options.min_new_tokens else 0
        self._model._prepare_special_tokens(config, kwargs_has_attention_mask=True, device=self._device)
        with warnings.catch_warnings():
            # That penalties see new tokens only is what is wanted.
            warnings.filterwarnings("ignore", message=".*with `inputs_embeds` and without `input_ids`")
            found = self._model._get_logits_processor(
                generation_config=config, input_ids_seq_length=seen, device=str(self._device)
            )
        found = LogitsProcessorList([*found, *warpers(options, self._vocab_size, self._device)])
        return Settings(
            key=key,
            processors=found,
            looks_back=any(getattr(options, name) is not None for name in _LOOK_BACK),
            samples=bool(options.do_sample),
        )


class Chosen:
    """What became of one step's scores."""

    def __init__(self, tokens: list[int], broken: list[bool]) -> None:
        self.tokens = tokens
        self.broken = broken
        """Rows whose scores are not numbers."""
        self.log_probs: list[float | None] = [None] * len(tokens)
        """By the model's own scores; None where they are not wanted."""


def choose(rows: Sequence[FlightRow], logits: torch.Tensor) -> Chosen:
    """The next token of every row, given scores f32 [N, V]."""
    # Plain rows are done with this alone: most are.
    best, tokens = logits.max(dim=-1)
    chosen = Chosen(tokens.tolist(), [math.isnan(value) for value in best.tolist()])
    groups: dict[bytes, list[int]] = {}
    for index, row in enumerate(rows):
        if row.keeps_logits:
            row.logits.append(logits[index])
        if row.settings.plain:
            if row.keeps_scores:
                row.scores.append(logits[index])
        elif row.settings.looks_back:
            _choose_some(rows, logits, [index], chosen)
        else:
            groups.setdefault(row.settings.key, []).append(index)
    for indices in groups.values():
        _choose_some(rows, logits, indices, chosen)
    wanted = [index for index, row in enumerate(rows) if row.request.options.log_probs]
    if wanted:
        found = chosen_log_probs(logits[wanted], [chosen.tokens[index] for index in wanted])
        for index, log_prob in zip(wanted, found, strict=True):
            chosen.log_probs[index] = log_prob
    return chosen


def _choose_some(rows: Sequence[FlightRow], logits: torch.Tensor, indices: list[int], chosen: Chosen) -> None:
    """Rows with equal settings that do not look back, or one that does."""
    first = rows[indices[0]]
    ids = torch.tensor([first.ids], device=logits.device) if first.settings.looks_back else None
    if ids is None:
        # Nobody reads them; the processors only want as many rows.
        ids = torch.zeros((len(indices), 0), dtype=torch.int64, device=logits.device)
    elif not first.ids:
        ids = torch.zeros((1, 0), dtype=torch.int64, device=logits.device)
    # transformers' annotations name classes that no tensor has.
    process: Any = first.settings.processors
    scores: torch.Tensor = process(ids, logits[indices].clone())
    for position, index in enumerate(indices):
        if rows[index].keeps_scores:
            rows[index].scores.append(scores[position])
    broken = scores.isnan().any(dim=-1).tolist()
    if first.settings.samples:
        generators = [rows[index].generator for index in indices]
        scores = GumbelDraw([g for g in generators if g is not None])(ids, scores)
    for index, token, nan in zip(indices, scores.argmax(dim=-1).tolist(), broken, strict=True):
        chosen.tokens[index] = token
        chosen.broken[index] = nan
