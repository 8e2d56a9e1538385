"""InstructBLIP in stages: pictures to features, features and questions to queries, queries to prompts.

``InstructBlipForConditionalGeneration.generate`` would run them all at once. Apart, each has its own batch:
a picture's features serve every question about it, and texts are padded on the side that each stage needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from .feature_cache import FeatureCache
from .pixels import PixelNormaliser
from .request import Picture

_TOGETHER = 4
"""Pictures in one run of the vision model: its time per picture hardly falls beyond."""


@dataclass(frozen=True)
class Prompt:
    """What the language model starts from."""

    embeds: torch.Tensor
    """[B, Q + T, D]: the queries, then the text."""
    mask: torch.Tensor
    """i64 [B, Q + T]: 1 where a row has a token."""


class Pipeline:
    """The stages before the language model. All run under ``torch.inference_mode``.

    ``model`` is transformers' InstructBlipForConditionalGeneration, whose annotations do not help here.
    """

    def __init__(
        self,
        model: Any,
        normalise: PixelNormaliser,
        cache: FeatureCache,
        pad_token_id: int,
    ) -> None:
        self._model = model
        self._normalise = normalise
        self._cache = cache
        self._pad = pad_token_id
        self._device = model.query_tokens.device
        # T5 reads right-padded text; a decoder-only model continues the last column.
        self._pad_left = not model.config.text_config.is_encoder_decoder
        self._embed = model.language_model.get_input_embeddings()
        # Quantised layers have integer weights: the query tokens and norms tell the type to compute in.
        self._qformer_dtype = model.qformer.embeddings.layernorm.weight.dtype

    def see(self, pictures: Sequence[Picture], on_group: Callable[[], None]) -> None:
        """Give every picture its features [1, P, H]; each different one is computed once.

        ``on_group`` is called now and then on the way: many large pictures take a CPU minutes.
        """
        unseen = {picture.digest: picture for picture in pictures if picture.features is None}
        shown = [(picture, picture.frame) for picture in unseen.values() if picture.frame is not None]
        for start in range(0, len(shown), _TOGETHER):
            group = shown[start : start + _TOGETHER]
            # [G, 3, S, S] -> [G, P, H]
            pixels = self._normalise([frame for _, frame in group]).to(self._device)
            features = self._model.vision_model(pixel_values=pixels).last_hidden_state
            for row, (picture, _) in enumerate(group):
                # A copy: a view would keep the whole group alive for as long as one picture is cached.
                picture.features = features[row : row + 1].clone()
                self._cache.add(picture.digest, picture.features)
            on_group()
        for picture in pictures:
            if picture.features is None:
                picture.features = unseen[picture.digest].features

    def query(self, pictures: Sequence[Picture], questions: Sequence[list[int]]) -> torch.Tensor:
        """What the pictures say to the questions: [B, Q, D], in the language model's width."""
        model = self._model
        rows = len(questions)
        # [B, T], padded on the right: positions count from the first token.
        ids, text_mask = _pad(questions, 0, self._device)
        # [1, Q, h] -> [B, Q, h]
        queries = model.query_tokens.expand(rows, -1, -1)
        query_mask = text_mask.new_ones(rows, queries.shape[1])
        output = model.qformer(
            input_ids=ids,
            attention_mask=torch.cat([query_mask, text_mask], dim=1),
            query_embeds=queries,
            encoder_hidden_states=self._stack(pictures),
        ).last_hidden_state
        # [B, Q + T, h] -> [B, Q, h] -> [B, Q, D]
        projected: torch.Tensor = model.language_projection(output[:, : queries.shape[1]])
        return projected

    def prompt(self, queries: torch.Tensor, prompts: Sequence[list[int]]) -> Prompt:
        """Queries [B, Q, D] and prompts as one batch of embeddings, padded as the language model wants it."""
        ids, text_mask = _pad(prompts, self._pad, self._device)
        text = self._embed(ids)
        embeds = torch.cat([queries.to(text.dtype), text], dim=1)
        mask = torch.cat([text_mask.new_ones(queries.shape[:2]), text_mask], dim=1)
        if self._pad_left:
            embeds, mask = _align_right(embeds, mask)
        return Prompt(embeds, mask)

    def _stack(self, pictures: Sequence[Picture]) -> torch.Tensor:
        """[B, P, H], or [1, P, H] when all ask about one picture: the Q-Former broadcasts it."""
        features = [picture.features for picture in pictures if picture.features is not None]
        if len({picture.digest for picture in pictures}) == 1:
            features = features[:1]
        return torch.cat(features).to(self._qformer_dtype)


def _pad(rows: Sequence[list[int]], value: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of ids as i64 [B, T], padded on the right, and their mask."""
    width = max(map(len, rows))
    ids = [row + [value] * (width - len(row)) for row in rows]
    mask = [[1] * len(row) + [0] * (width - len(row)) for row in rows]
    shape = (len(rows), width)
    return (
        torch.tensor(ids, dtype=torch.int64, device=device).view(shape),
        torch.tensor(mask, dtype=torch.int64, device=device).view(shape),
    )


def _align_right(embeds: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Move every row's padding from its right to its left: embeds [B, L, D], mask [B, L]."""
    width = mask.shape[1]
    gaps = width - mask.sum(dim=1, keepdim=True)
    # Column j of a row with g pads comes from column (j - g) mod L.
    source = (torch.arange(width, device=mask.device) - gaps) % width
    return (
        embeds.gather(1, source.unsqueeze(-1).expand_as(embeds)),
        mask.gather(1, source),
    )
