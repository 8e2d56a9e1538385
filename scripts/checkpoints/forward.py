"""The stages between the picture and the language model."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import InstructBlipForConditionalGeneration, InstructBlipQFormerModel


def queried(
    qformer: InstructBlipQFormerModel, queries: Tensor, features: Tensor, ids: Tensor, mask: Tensor
) -> Tensor:
    """Features [B, 65, 128] and right-padded instructions [B, T] → query outputs [B, 8, 128]."""
    count = queries.shape[1]
    everywhere = torch.ones(len(ids), count, dtype=mask.dtype, device=mask.device)  # [B, 8]
    output: Tensor = qformer(
        input_ids=ids,
        attention_mask=torch.cat([everywhere, mask], 1),  # [B, 8 + T]
        query_embeds=queries.expand(len(ids), -1, -1),
        encoder_hidden_states=features,
    ).last_hidden_state  # [B, 8 + T, 128]
    return output[:, :count]


def prefixed(
    model: InstructBlipForConditionalGeneration, projected: Tensor, ids: Tensor, mask: Tensor
) -> tuple[Tensor, Tensor]:
    """Projected queries [B, 8, D], prompt [B, P] → embeddings [B, 8 + P, D] and mask [B, 8 + P]."""
    embedded = model.language_model.get_input_embeddings()(ids).to(projected.dtype)  # [B, P, D]
    everywhere = torch.ones(projected.shape[:2], dtype=mask.dtype, device=mask.device)  # [B, 8]
    return torch.cat([projected, embedded], 1), torch.cat([everywhere, mask], 1)


def positions(mask: Tensor) -> Tensor:
    """Position of every token among those that count, [B, S] → [B, S]."""
    return (mask.cumsum(-1) - 1).clamp(min=0)
