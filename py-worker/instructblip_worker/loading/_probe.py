"""Whether what is computed in stages and in batches is what the model computes whole and alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from ..errors import LoadError
from ..exit_status import BAD_DATA
from ..log import log
from ..special_tokens import SpecialTokens
from ..stages import Prompt, Stages

_SMALL = 50_000_000
"""Parameters up to which a CPU is done within a second or so; a GPU is with any model."""
_EXACT = 1e-3
"""Difference, as a share of the largest score, that float32 may have."""
_ROUGH = 0.1
"""The same for types and quantisation that round more; beyond, there is a warning."""


def probe(model: Any, special: SpecialTokens, *, is_exact: bool) -> list[str]:
    """Hold first scores of two prompts against each other: alone, together, and by the whole model.

    ``is_exact`` is for float32 without quantisation: there a difference raises LoadError. Elsewhere it is
    returned as a warning. Large models on a CPU are not probed: they would take minutes.
    """
    size = sum(weight.numel() for weight in model.parameters())
    if model.query_tokens.device.type == "cpu" and size > _SMALL:
        return []
    differences = _Probe(model, special).differences()
    log("probe", differences=differences)
    if any(math.isnan(difference) for difference in differences.values()):
        raise LoadError("OUTPUT_INVALID", "The first scores have values that are not numbers.", BAD_DATA)
    worst = max(differences, key=lambda name: differences[name])
    if differences[worst] <= (_EXACT if is_exact else _ROUGH):
        return []
    message = f"Scores differ by {differences[worst]:.1%} when {worst}."
    if is_exact:
        raise LoadError("OUTPUT_INVALID", message, BAD_DATA)
    return [message]


class _Probe:
    """One picture, and two prompts of different lengths."""

    def __init__(self, model: Any, special: SpecialTokens) -> None:
        self._model = model
        self._start = special.start
        self._stages = Stages(model, special.pad)
        size = model.config.vision_config.image_size
        # [1, 3, S, S], any picture that is not of one colour
        self._pixels = torch.sin(torch.arange(3 * size * size, dtype=torch.float32)).view(1, 3, size, size)
        self._features: torch.Tensor | None = None
        self._prompts = [_ids(length, model.config.text_config.vocab_size - 1) for length in (1, 6)]
        self._questions = [_ids(length, model.config.qformer_config.vocab_size) for length in (2, 5)]

    @torch.inference_mode()
    def differences(self) -> dict[str, float]:
        """The largest difference by what may be wrong, as a share of the largest score."""
        alone = torch.cat([self._staged([row]) for row in (0, 1)])
        together = self._staged([0, 1])
        whole = torch.cat([self._whole(row) for row in (0, 1)])
        scale = float(alone.abs().max())
        return {
            "a short prompt shares a batch with a long one": float((together - alone).abs().max()) / scale,
            "the model runs in stages": float((whole - alone).abs().max()) / scale,
        }

    def _staged(self, rows: list[int]) -> torch.Tensor:
        """First scores [B, V] as workers compute them."""
        stages = self._stages
        if self._features is None:
            self._features = stages.see(self._pixels)
        queries = stages.query(self._features, [self._questions[row] for row in rows])
        prompt = stages.prompt(queries, [self._prompts[row] for row in rows])
        return self._first_scores(prompt)

    def _first_scores(self, prompt: Prompt) -> torch.Tensor:
        model = self._model.language_model
        inputs: dict[str, Any] = {"inputs_embeds": prompt.embeds, "attention_mask": prompt.mask}
        if model.config.is_encoder_decoder:
            rows = len(prompt.mask)
            inputs["decoder_input_ids"] = prompt.mask.new_full((rows, 1), self._start)
        else:
            inputs["position_ids"] = (prompt.mask.cumsum(dim=1) - 1).clamp(min=0)
        scores: torch.Tensor = model(**inputs).logits[:, -1].float()
        return scores

    def _whole(self, row: int) -> torch.Tensor:
        """First scores [1, V] by transformers' own way through the model."""
        model, device = self._model, self._stages.device
        # An id that no prompt here has, and that every vocabulary knows.
        placeholder = model.config.text_config.vocab_size - 1
        queries = model.config.num_query_tokens
        ids = torch.tensor([[placeholder] * queries + self._prompts[row]], device=device)
        question = torch.tensor([self._questions[row]], device=device)
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        if model.config.text_config.is_encoder_decoder:
            inputs["decoder_input_ids"] = ids.new_full((1, 1), self._start)
        with _placeholder(model.config, placeholder):
            output = model(
                pixel_values=self._pixels.to(device),
                qformer_input_ids=question,
                qformer_attention_mask=torch.ones_like(question),
                **inputs,
            )
        scores: torch.Tensor = output.logits[:, -1].float()
        return scores


def _ids(length: int, vocab_size: int) -> list[int]:
    """Some different tokens, none of them special in the tokenizers there are."""
    return [(5 + index) % vocab_size for index in range(length)]


@contextmanager
def _placeholder(config: Any, token: int) -> Iterator[None]:
    """Checkpoints from before November 2024 name no token for pictures; transformers' way needs one."""
    before = config.image_token_index
    config.image_token_index = token
    try:
        yield
    finally:
        config.image_token_index = before
