"""T5 in flight."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F

from ..stages import Prompt
from ._table import KeyValueTable, Shape

_LONGEST = 4097
"""Tokens of an answer with its start token, at most."""


class T5Language:
    """transformers' T5ForConditionalGeneration over a table of rows. Runs under ``torch.inference_mode``.

    The relative position bias depends on the distance alone, so rows may be at different positions.
    """

    def __init__(self, model: Any) -> None:
        config = model.config
        self._encoder = model.encoder
        self._embed = model.decoder.embed_tokens
        self._blocks = list(model.decoder.block)
        self._norm = model.decoder.final_layer_norm
        self._head = model.lm_head
        self._scale_output: float | None = config.d_model**-0.5 if config.scale_decoder_outputs else None
        self._head_dim: int = config.d_kv
        attention = self._blocks[0].layer[0].SelfAttention
        weight = self._embed.weight
        self._device: torch.device = weight.device
        shape = Shape(
            layers=len(self._blocks),
            heads=config.num_heads,
            head_dim=config.d_kv,
            dtype=weight.dtype,
            device=weight.device,
        )
        self._own, self._read = KeyValueTable(shape), KeyValueTable(shape)
        self._lengths: list[int] = []
        """By row: tokens of its answer in the table."""
        self._prompts: list[int] = []
        """By row: length of its prompt."""
        self._prompt_mask: torch.Tensor | None = None
        with torch.inference_mode():
            buckets = attention._relative_position_bucket(
                -torch.arange(_LONGEST, device=weight.device),
                bidirectional=False,
                num_buckets=attention.relative_attention_num_buckets,
                max_distance=attention.relative_attention_max_distance,
            )
            # [distances, h] -> [h, distances]
            self._bias = attention.relative_attention_bias(buckets).T.contiguous()

    def join(self, prompt: Prompt) -> None:
        """Encode the prompts; their answers begin with the start token, which the next step takes."""
        # [B, S, D], padded on the right
        encoded = self._encoder(inputs_embeds=prompt.embeds, attention_mask=prompt.mask).last_hidden_state
        rows, width, _ = encoded.shape
        first = len(self._lengths)
        slots = slice(first, first + rows)
        self._read.reserve(first + rows, width)
        # A row may leave before it was stepped.
        self._own.reserve(first + rows, 1)
        for index, block in enumerate(self._blocks):
            attention = block.layer[1].EncDecAttention
            # [B, S, h * d] -> [B, h, S, d]
            self._read.keys(index)[slots, :, :width] = self._split(attention.k(encoded))
            self._read.values(index)[slots, :, :width] = self._split(attention.v(encoded))
        self._lengths += [0] * rows
        self._prompts += prompt.mask.sum(dim=1).tolist()
        self._mask_prompts()

    def step(self, tokens: list[int]) -> torch.Tensor:
        """One token more for every row: [N, V] scores of the next."""
        rows = len(tokens)
        longest, widest = max(self._lengths) + 1, max(self._prompts)
        self._own.reserve(rows, longest)
        at = torch.tensor(self._lengths, device=self._device)
        row = torch.arange(rows, device=self._device)
        bias = self._bias_of(at, longest)
        # [N, 1, D]: one token a row
        x = self._embed(torch.tensor(tokens, device=self._device))[:, None]
        for index, block in enumerate(self._blocks):
            own, read, forward = block.layer
            attention = own.SelfAttention
            normed = own.layer_norm(x)
            # [N, 1, h * d] -> [N, h, d]
            keys, values = self._own.keys(index), self._own.values(index)
            keys[row, :, at] = self._split(attention.k(normed))[:, :, 0]
            values[row, :, at] = self._split(attention.v(normed))[:, :, 0]
            seen = F.scaled_dot_product_attention(
                self._split(attention.q(normed)),
                keys[:rows, :, :longest],
                values[:rows, :, :longest],
                attn_mask=bias,
                scale=1.0,
            )
            x = _clamp(x + attention.o(self._join(seen)))

            attention = read.EncDecAttention
            seen = F.scaled_dot_product_attention(
                self._split(attention.q(read.layer_norm(x))),
                self._read.keys(index)[:rows, :, :widest],
                self._read.values(index)[:rows, :, :widest],
                attn_mask=self._prompt_mask,
                scale=1.0,
            )
            x = _clamp(x + attention.o(self._join(seen)))
            x = _clamp(forward(x))
        self._lengths = [length + 1 for length in self._lengths]
        last = self._norm(x[:, 0])
        if self._scale_output is not None:
            last = last * self._scale_output
        scores: torch.Tensor = self._head(last).float()
        return scores

    def leave(self, row: int) -> None:
        """The last row takes the slot."""
        last = len(self._lengths) - 1
        if row != last:
            self._own.move(last, row, self._lengths[last])
            self._read.move(last, row, self._prompts[last])
            self._lengths[row], self._prompts[row] = self._lengths[last], self._prompts[last]
        self._lengths.pop()
        self._prompts.pop()
        self._mask_prompts()

    def clear(self) -> None:
        """No rows, no memory."""
        self._lengths, self._prompts, self._prompt_mask = [], [], None
        self._own.clear()
        self._read.clear()

    def _bias_of(self, at: torch.Tensor, longest: int) -> torch.Tensor:
        """What is added to the scores of keys 0 to L - 1: [N, h, 1, L], minus infinity beyond a row's own."""
        # [N, L]
        distance = at[:, None] - torch.arange(longest, device=self._device)
        # [h, N, L] -> [N, h, 1, L]
        bias: torch.Tensor = self._bias[:, distance.clamp_min(0)].permute(1, 0, 2)[:, :, None]
        if min(self._lengths) == max(self._lengths):
            return bias
        return bias.masked_fill((distance < 0)[:, None, None], -torch.inf)

    def _mask_prompts(self) -> None:
        """bool [N, 1, 1, S]: which columns are of a row's own prompt; None when all are."""
        self._prompt_mask = None
        if self._prompts and min(self._prompts) < max(self._prompts):
            lengths = torch.tensor(self._prompts, device=self._device)
            columns = torch.arange(max(self._prompts), device=self._device)
            self._prompt_mask = (columns < lengths[:, None])[:, None, None]

    def _split(self, x: torch.Tensor) -> torch.Tensor:
        """[B, T, h * d] -> [B, h, T, d]."""
        return x.view(*x.shape[:2], -1, self._head_dim).transpose(1, 2)

    def _join(self, x: torch.Tensor) -> torch.Tensor:
        """[B, h, T, d] -> [B, T, h * d]."""
        return x.transpose(1, 2).flatten(2)


def _clamp(x: torch.Tensor) -> torch.Tensor:
    """transformers' guard against infinities in float16."""
    if x.dtype != torch.float16:
        return x
    most = torch.finfo(x.dtype).max
    limit = torch.where(torch.isinf(x).any(), most - 1000, most)
    clamped: torch.Tensor = torch.clamp(x, min=-limit, max=limit)
    return clamped
