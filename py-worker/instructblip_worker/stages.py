"""The parts of InstructBLIP before its language model, each with its own batch.

The parts need not have the same type: float16 keeps some weights in float32, quantised ones are integers,
and the language model may differ from the rest. So every tensor is cast where it passes from one part to the
next, to the type of the weights that take it. A model's own ``dtype`` is that of its first weight, and tells
nothing of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Prompt:
    """What the language model starts from."""

    embeds: torch.Tensor
    """[B, Q + T, D]: the queries, then the text."""
    mask: torch.Tensor
    """i64 [B, Q + T]: 1 where a row has a token."""


class Stages:
    """Pictures to features, features and questions to queries, queries to prompts.

    ``model`` is transformers' InstructBlipForConditionalGeneration, whose annotations do not help here.
    """

    def __init__(self, model: Any, pad_token_id: int) -> None:
        self._model = model
        self._pad = pad_token_id
        self.device: torch.device = model.query_tokens.device
        # T5 reads right-padded text; a decoder-only model continues the last column.
        self._pad_left = not model.config.text_config.is_encoder_decoder
        self._embed = model.language_model.get_input_embeddings()
        # Of each part the weight that its input meets first, or that every input is cast to.
        self._vision_dtype = model.vision_model.embeddings.patch_embedding.weight.dtype
        self._qformer_dtype = model.qformer.embeddings.layernorm.weight.dtype
        self._projection_dtype = model.language_projection.weight.dtype
        self._text_dtype = self._embed.weight.dtype

    def see(self, pixels: torch.Tensor, *, interpolate: bool = False) -> torch.Tensor:
        """Features [B, P, H] of normalised pictures [B, 3, S, S]; other sizes want ``interpolate``."""
        pixels = pixels.to(self.device, self._vision_dtype)
        features: torch.Tensor = self._model.vision_model(
            pixel_values=pixels, interpolate_pos_encoding=interpolate
        ).last_hidden_state
        return features

    def query(self, features: torch.Tensor, questions: Sequence[list[int]]) -> torch.Tensor:
        """What pictures say to B questions: [B, Q, D], in the language model's width.

        Features are [B, P, H], or [1, P, H] when all questions are about one picture.
        """
        # [B, T], padded on the right: positions count from the first token.
        ids, text_mask = pad(questions, 0, self.device)
        return self.project(self.ask(features, ids, text_mask).last_hidden_state)

    def ask(
        self, features: torch.Tensor, ids: torch.Tensor, text_mask: torch.Tensor, **recorded: bool
    ) -> Any:
        """The Q-Former's output for questions [B, T] and their mask: Q queries, then the text.

        ``recorded`` is what else transformers is to show: ``output_hidden_states``, ``output_attentions``.
        """
        model = self._model
        # [1, Q, h] -> [B, Q, h]
        queries = model.query_tokens.to(self._qformer_dtype).expand(len(ids), -1, -1)
        query_mask = text_mask.new_ones(queries.shape[:2])
        return model.qformer(
            input_ids=ids,
            attention_mask=torch.cat([query_mask, text_mask], dim=1),
            query_embeds=queries,
            encoder_hidden_states=features.to(self._qformer_dtype),
            **recorded,
        )

    def project(self, seen: torch.Tensor) -> torch.Tensor:
        """The queries of the Q-Former's last hidden state [B, Q + T, h], in the language model's width."""
        # [B, Q + T, h] -> [B, Q, h] -> [B, Q, D]
        answers = seen[:, : self._model.query_tokens.shape[1]].to(self._projection_dtype)
        projected: torch.Tensor = self._model.language_projection(answers).to(self._text_dtype)
        return projected

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        """Token ids [B, T] as the language model's embeddings [B, T, D]."""
        embeds: torch.Tensor = self._embed(ids)
        return embeds

    def join(self, queries: torch.Tensor, text: torch.Tensor, text_mask: torch.Tensor) -> Prompt:
        """Queries [B, Q, D], then embeddings [B, T, D] with the padding that they have."""
        embeds = torch.cat([queries.to(self._text_dtype), text.to(self._text_dtype)], dim=1)
        return Prompt(embeds, torch.cat([text_mask.new_ones(queries.shape[:2]), text_mask], dim=1))

    def prompt(self, queries: torch.Tensor, prompts: Sequence[list[int]]) -> Prompt:
        """Queries [B, Q, D] and prompts as one batch of embeddings, padded as the language model wants it."""
        ids, text_mask = pad(prompts, self._pad, self.device)
        joined = self.join(queries, self.embed(ids), text_mask)
        return Prompt(*align_right(joined.embeds, joined.mask)) if self._pad_left else joined


def pad(rows: Sequence[list[int]], value: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of ids as i64 [B, T], padded on the right, and their mask."""
    width = max(map(len, rows))
    ids = [row + [value] * (width - len(row)) for row in rows]
    mask = [[1] * len(row) + [0] * (width - len(row)) for row in rows]
    shape = (len(rows), width)
    return (
        torch.tensor(ids, dtype=torch.int64, device=device).view(shape),
        torch.tensor(mask, dtype=torch.int64, device=device).view(shape),
    )


def align_right(embeds: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Move every row's padding from its right to its left: embeds [B, L, D], mask [B, L]."""
    width = mask.shape[1]
    gaps = width - mask.sum(dim=1, keepdim=True)
    # Column j of a row with g pads comes from column (j - g) mod L.
    source = (torch.arange(width, device=mask.device) - gaps) % width
    return (
        embeds.gather(1, source.unsqueeze(-1).expand_as(embeds)),
        mask.gather(1, source),
    )
