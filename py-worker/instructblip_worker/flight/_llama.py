"""LLaMA in flight."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F

from ..stages import Prompt
from ._table import KeyValueTable, Shape


class LlamaLanguage:
    """transformers' LlamaForCausalLM over a table of rows. All methods run under ``torch.inference_mode``."""

    def __init__(self, model: Any) -> None:
        config = model.config
        self._head = model.lm_head
        self._embed = model.model.embed_tokens
        self._layers = list(model.model.layers)
        self._norm = model.model.norm
        attention = self._layers[0].self_attn
        self._heads: int = config.num_attention_heads
        self._groups: int = attention.num_key_value_groups
        self._head_dim: int = attention.head_dim
        self._scale: float = attention.scaling
        weight = self._embed.weight
        self._device: torch.device = weight.device
        self._table = KeyValueTable(
            Shape(
                layers=len(self._layers),
                heads=self._heads // self._groups,
                head_dim=self._head_dim,
                dtype=weight.dtype,
                device=weight.device,
            )
        )
        self._lengths: list[int] = []
        positions = torch.arange(config.max_position_embeddings, device=weight.device)[None]
        with torch.inference_mode():
            # [1, P, d] each -> [P, d]
            cos, sin = model.model.rotary_emb(weight.new_empty(1), positions)
        self._cos, self._sin = cos[0], sin[0]

    def join(self, prompt: Prompt) -> torch.Tensor:
        """Prefill: [B, V] scores of the first tokens."""
        x, lengths = _left_aligned(prompt)
        rows, width, _ = x.shape
        first = len(self._lengths)
        slots = slice(first, first + rows)
        self._table.reserve(first + rows, width + 1)
        # [P, d] -> [1, 1, P, d]
        cos, sin = self._cos[None, None, :width], self._sin[None, None, :width]
        for index, layer in enumerate(self._layers):
            # [B, h, P, d]
            q, k, v = (each.transpose(1, 2) for each in self._project(layer, x))
            q, k = _rotate(q, cos, sin), _rotate(k, cos, sin)
            self._table.keys(index)[slots, :, :width] = k
            self._table.values(index)[slots, :, :width] = v
            # Padding is on the right, where no token of the row looks.
            seen = F.scaled_dot_product_attention(
                q, k, v, is_causal=True, scale=self._scale, enable_gqa=self._groups > 1
            )
            x = self._rest(layer, x, seen.transpose(1, 2))
        self._lengths += lengths.tolist()
        last = x[torch.arange(rows, device=x.device), lengths - 1]
        scores: torch.Tensor = self._head(self._norm(last)).float()
        return scores

    def step(self, tokens: list[int]) -> torch.Tensor:
        """One token more for every row: [N, V] scores of the next."""
        rows = len(tokens)
        longest = max(self._lengths) + 1
        self._table.reserve(rows, longest)
        at = torch.tensor(self._lengths, device=self._device)
        row = torch.arange(rows, device=self._device)
        # [N, 1, D]: one token a row
        x = self._embed(torch.tensor(tokens, device=self._device))[:, None]
        # [N, d] -> [N, 1, 1, d]
        cos, sin = self._cos[at][:, None, None], self._sin[at][:, None, None]
        mask = None
        if min(self._lengths) + 1 < longest:
            # [N, 1, 1, L]
            mask = (torch.arange(longest, device=self._device) <= at[:, None])[:, None, None]
        for index, layer in enumerate(self._layers):
            # [N, h, 1, d]
            q, k, v = (each.transpose(1, 2) for each in self._project(layer, x))
            q, k = _rotate(q, cos, sin), _rotate(k, cos, sin)
            keys, values = self._table.keys(index), self._table.values(index)
            keys[row, :, at] = k[:, :, 0]
            values[row, :, at] = v[:, :, 0]
            seen = F.scaled_dot_product_attention(
                q,
                keys[:rows, :, :longest],
                values[:rows, :, :longest],
                attn_mask=mask,
                scale=self._scale,
                enable_gqa=self._groups > 1,
            )
            x = self._rest(layer, x, seen.transpose(1, 2))
        self._lengths = [length + 1 for length in self._lengths]
        scores: torch.Tensor = self._head(self._norm(x[:, 0])).float()
        return scores

    def leave(self, row: int) -> None:
        """The last row takes the slot."""
        last = len(self._lengths) - 1
        if row != last:
            self._table.move(last, row, self._lengths[last])
            self._lengths[row] = self._lengths[last]
        self._lengths.pop()

    def clear(self) -> None:
        """No rows, no memory."""
        self._lengths = []
        self._table.clear()

    def _project(self, layer: Any, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Queries, keys and values [B, T, h, d] of x [B, T, D]."""
        attention = layer.self_attn
        normed = layer.input_layernorm(x)
        shape = (*x.shape[:-1], -1, self._head_dim)
        return (
            attention.q_proj(normed).view(shape),
            attention.k_proj(normed).view(shape),
            attention.v_proj(normed).view(shape),
        )

    def _rest(self, layer: Any, x: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        """What comes after attention's [B, T, h, d] in a layer: [B, T, D]."""
        x = x + layer.self_attn.o_proj(seen.reshape(*x.shape[:-1], -1))
        out: torch.Tensor = x + layer.mlp(layer.post_attention_layernorm(x))
        return out


def _rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotary position embeddings of [B, h, T, d], whose halves turn together."""
    left, right = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-right, left), dim=-1) * sin


def _left_aligned(prompt: Prompt) -> tuple[torch.Tensor, torch.Tensor]:
    """Embeddings [B, P, D] with every row's padding on its right, and the rows' lengths i64 [B]."""
    width = prompt.mask.shape[1]
    lengths = prompt.mask.sum(dim=1)
    # Where padding is on the left, column j comes from column (j + gap) mod P.
    gaps = torch.where(prompt.mask[:, 0] == 0, width - lengths, 0)
    source = (torch.arange(width, device=lengths.device) + gaps[:, None]) % width
    return prompt.embeds.gather(1, source[..., None].expand_as(prompt.embeds)), lengths
