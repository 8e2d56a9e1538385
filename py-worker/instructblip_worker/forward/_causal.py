"""LLaMA and OPT behind the queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import torch
from transformers.loss.loss_utils import ForCausalLMLoss

from ..errors import invalid
from ..stages import Prompt
from ._module import Shapes
from ._reader import Reader
from ._recording import recording, stacked
from ._watch import Watch

IGNORED = -100
"""A label that does not count."""


class CausalPass:
    """One pass through a decoder-only language model.

    With B rows of S = Q + P columns (queries, then text): ``logits`` are [B, S, V]. ``labels`` i64 [B, N]
    stand under the last N columns, -100 where they do not count; with them there is a ``loss``, the mean over
    what counts of what each column says of the next, and ``logits`` are [B, N, V], as transformers 4.37 cut
    them. ``hidden_states`` are [L + 1, B, S, D], the last one normed; ``attentions`` [L, B, h, S, S].

    Padding may be on either side: LLaMA is told the positions, and OPT finds them by the mask itself.
    """

    inputs = frozenset({"labels"})
    outputs = frozenset({"hidden_states", "attentions"})

    def __init__(self, model: Any) -> None:
        self._model = model
        self.longest = int(model.config.max_position_embeddings)
        """Most columns that it can read."""

    def check(self, given: Reader, batch: int, length: int) -> Shapes:
        """The shapes of all outputs for so many rows and columns. Raises RequestError."""
        config = self._model.config
        given.ids("labels", "B", "N", below=config.vocab_size, ignored=IGNORED)
        labels = given.size("N")
        if labels > length:
            raise invalid("labels", f"at most {length} long, queries and text", labels)
        layers, heads = config.num_hidden_layers, config.num_attention_heads
        return {
            "logits": (batch, labels or length, config.vocab_size),
            "hidden_states": (layers + 1, batch, length, config.hidden_size),
            "attentions": (layers, batch, heads, length, length),
            **({"loss": ()} if labels else {}),
        }

    def run(
        self, prompt: Prompt, given: Mapping[str, torch.Tensor], wanted: Collection[str], watch: Watch
    ) -> dict[str, torch.Tensor]:
        """``logits``, ``loss`` if there are labels, and those of the others that are wanted."""
        model, labels = self._model, given.get("labels")
        placed = {}
        if model.config.model_type != "opt":
            # [B, S]: by default transformers counts padding, too, which shifts every token behind it.
            placed["position_ids"] = (prompt.mask.cumsum(-1) - 1).clamp(min=0)
        with recording(model, wanted, watch) as flags:
            output = model(
                inputs_embeds=prompt.embeds,
                attention_mask=prompt.mask,
                use_cache=False,
                # 0 keeps all columns.
                logits_to_keep=0 if labels is None else labels.shape[1],
                **placed,
                **flags,
            )
        found = {"logits": output.logits}
        if labels is not None:
            vocabulary = output.logits.shape[-1]
            found["loss"] = ForCausalLMLoss(output.logits, labels, vocabulary, ignore_index=IGNORED)
        return found | {name: stacked(output[name]) for name in self.outputs.intersection(wanted)}
