"""How likely the language model finds some texts after a prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from transformers.cache_utils import DynamicCache
from transformers.modeling_outputs import BaseModelOutput

from ..stages import Prompt, pad

_ROWS = 32
"""Most texts in one pass."""
_SCORES = 2**26
"""Most scores in one pass, rows by tokens by vocabulary: 256 MiB."""


def score(
    language_model: Any,
    prompt: Prompt,
    start: int,
    texts: Sequence[list[int]],
    is_over: Callable[[], bool] = lambda: False,
) -> list[list[float]]:
    """Natural log-probabilities of each text's tokens after ``prompt``, which has one row and no padding.

    The prompt is read once, whatever the number of texts. Stops between two passes when ``is_over``; texts
    that were not reached are left out.
    """
    if language_model.config.is_encoder_decoder:
        continued = _from_encoder(language_model, prompt, start)
    else:
        continued = _from_cache(language_model, prompt)
    found: list[list[float]] = []
    for group in _groups(texts, language_model.config.vocab_size):
        if is_over():
            break
        ids, _ = pad(group, 0, prompt.embeds.device)
        # [G, T, V] -> [G, T]
        chosen = continued(ids).float().log_softmax(dim=-1).gather(2, ids.unsqueeze(-1)).squeeze(-1)
        found += [row[: len(text)] for row, text in zip(chosen.tolist(), group, strict=True)]
    return found


def alone(prompt: Prompt, row: int) -> Prompt:
    """One row without its padding."""
    kept = prompt.mask[row].bool()
    return Prompt(prompt.embeds[row : row + 1, kept], prompt.mask[row : row + 1, kept])


_Continued = Callable[[torch.Tensor], torch.Tensor]
"""From ids [G, T] to the scores of each of them, [G, T, V]."""


def _from_encoder(model: Any, prompt: Prompt, start: int) -> _Continued:
    states = model.get_encoder()(inputs_embeds=prompt.embeds, attention_mask=prompt.mask).last_hidden_state

    def continued(ids: torch.Tensor) -> torch.Tensor:
        before = torch.cat([ids.new_full((len(ids), 1), start), ids[:, :-1]], dim=1)
        scores: torch.Tensor = model(
            encoder_outputs=BaseModelOutput(last_hidden_state=states.expand(len(ids), -1, -1)),
            attention_mask=prompt.mask.expand(len(ids), -1),
            decoder_input_ids=before,
            use_cache=False,
        ).logits
        return scores

    return continued


def _from_cache(model: Any, prompt: Prompt) -> _Continued:
    length = prompt.mask.shape[1]
    kept = DynamicCache()
    # [1, 1, V]: what follows the prompt.
    first: torch.Tensor = model(
        inputs_embeds=prompt.embeds,
        attention_mask=prompt.mask,
        past_key_values=kept,
        use_cache=True,
        logits_to_keep=1,
    ).logits

    def continued(ids: torch.Tensor) -> torch.Tensor:
        rows, width = ids.shape
        if width == 1:
            return first.expand(rows, -1, -1)
        cache = DynamicCache()
        for number, layer in enumerate(kept.layers):
            own: Any = layer
            cache.update(own.keys.expand(rows, -1, -1, -1), own.values.expand(rows, -1, -1, -1), number)
        positions = torch.arange(length, length + width - 1, device=ids.device)
        rest = model(
            input_ids=ids[:, :-1],
            attention_mask=prompt.mask.new_ones(rows, length + width - 1),
            position_ids=positions.expand(rows, -1),
            past_key_values=cache,
            use_cache=True,
        ).logits
        return torch.cat([first.expand(rows, -1, -1), rest], dim=1)

    return continued


def _groups(texts: Sequence[list[int]], vocab_size: int) -> Iterator[Sequence[list[int]]]:
    """Texts in their order, as many at a time as a pass may have."""
    start = 0
    while start < len(texts):
        rows = 1
        width = len(texts[start])
        for text in texts[start + 1 : start + _ROWS]:
            width = max(width, len(text))
            if (rows + 1) * width * vocab_size > _SCORES:
                break
            rows += 1
        yield texts[start : start + rows]
        start += rows
