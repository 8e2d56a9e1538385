"""The Q-Former by itself."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch

from ..errors import invalid
from ..request import ForwardRequest
from ._module import Found, Shapes
from ._reader import Reader
from ._recording import recording, stacked
from ._tensors import to_tensor
from ._watch import Watch

OUTPUTS = frozenset({"last_hidden_state", "pooler_output", "hidden_states", "attentions", "cross_attentions"})
"""Names of what a Q-Former gives."""


class QFormerModule:
    """Queries and text, with a look at a picture.

    Takes, with B rows of Q queries and T tokens, and P patches of pictures:

    - ``input_ids`` i64 [B, T] and ``position_ids`` i64 [B or 1, T], which count from 0 if they are left out;
    - ``query_embeds`` [B or 1, Q, D], which stand before the text; without text or without queries is fine;
    - ``attention_mask`` [B, Q + T], all ones if it is left out;
    - ``encoder_hidden_states`` [B or 1, P, E], which the queries look at and need;
    - ``encoder_attention_mask`` [B or 1, P], all ones if it is left out.

    Gives, with S = Q + T and h heads in L layers of which C look at the picture:

    - ``last_hidden_state`` [B, S, D], queries first; ``pooler_output`` [B, D], its first column;
    - ``hidden_states`` [L + 1, B, S, D]: what the first layer takes, then what each gives;
    - ``attentions`` [L, B, h, S, S] and, where there are queries, ``cross_attentions`` [C, B, h, Q, P].
    """

    inputs = frozenset(
        {
            "input_ids",
            "attention_mask",
            "position_ids",
            "query_embeds",
            "encoder_hidden_states",
            "encoder_attention_mask",
        }
    )
    outputs = OUTPUTS

    def __init__(self, model: Any) -> None:
        self._model = model

    def check(self, request: ForwardRequest) -> Shapes:
        """Ids and positions within their tables, sizes that fit."""
        config = self._model.config
        given = Reader(request.inputs)
        text, queries = "input_ids" in given, "query_embeds" in given
        if not text and not queries:
            given.need("input_ids", without=", or query_embeds")
        given.ids("input_ids", "B", "T", below=config.vocab_size)
        given.limit("input_ids", given.size("T"), config.max_position_embeddings)
        if not text:
            given.refuse("position_ids", "positions are those of input_ids.")
        given.ids("position_ids", "1|B", "T", below=config.max_position_embeddings)
        given.fractions("query_embeds", "1|B", "Q", config.hidden_size)
        if queries:
            given.need("encoder_hidden_states", without=" where query_embeds are")
        if "encoder_hidden_states" not in given:
            given.refuse("encoder_attention_mask", "it is for encoder_hidden_states.")
        given.fractions("encoder_hidden_states", "1|B", "P", config.encoder_hidden_size)
        given.mask("encoder_attention_mask", "1|B", "P")
        given.mask("attention_mask", "B", given.size("Q") + given.size("T"))
        if not queries and "cross_attentions" in request.op.outputs:
            raise invalid("outputs", "without cross_attentions where there are no query_embeds", "with them")
        return qformer_shapes(config, given.size("B"), given.size("Q"), given.size("T"), given.size("P"))

    def run(self, request: ForwardRequest, watch: Watch) -> Found:
        """All outputs that are asked for."""
        given = {name: to_tensor(frame, self._model.device) for name, frame in request.inputs.items()}
        batch = max(tensor.shape[0] for tensor in given.values())
        dtype = self._model.embeddings.layernorm.weight.dtype
        for name in given:
            if given[name].is_floating_point():
                given[name] = given[name].to(dtype)
        if "query_embeds" in given:
            # [1, Q, D] -> [B, Q, D]
            given["query_embeds"] = given["query_embeds"].expand(batch, -1, -1)
        if "encoder_attention_mask" in given:
            # The mask is made in the pictures' batch, and must fit the rows'.
            for name in ("encoder_hidden_states", "encoder_attention_mask"):
                given[name] = given[name].expand(batch, *given[name].shape[1:])
        with recording(self._model, request.op.outputs, watch) as flags:
            output = self._model(input_ids=given.pop("input_ids", None), **given, **flags)
        watch.stage("qformer")
        return Found(qformer_outputs(output, request.op.outputs))


def qformer_outputs(output: Any, wanted: Collection[str]) -> dict[str, torch.Tensor]:
    """What a Q-Former gave: the two that it always gives, and those of the others that are wanted."""
    found = {"last_hidden_state": output.last_hidden_state, "pooler_output": output.pooler_output}
    if "hidden_states" in wanted:
        found["hidden_states"] = stacked(output.hidden_states)
    cross = output.get("cross_attentions") or ()
    if "attentions" in wanted:
        # transformers 5.18 lists the maps of cross-attention among these, too.
        shared = {id(weights) for weights in cross}
        found["attentions"] = stacked([own for own in output.attentions if id(own) not in shared])
    if "cross_attentions" in wanted:
        found["cross_attentions"] = stacked(cross)
    return found


def qformer_shapes(config: Any, batch: int, queries: int, text: int, patches: int) -> Shapes:
    """Of all outputs."""
    length, layers, heads = queries + text, config.num_hidden_layers, config.num_attention_heads
    looking = len(range(0, layers, config.cross_attention_frequency)) if queries else 0
    return {
        "last_hidden_state": (batch, length, config.hidden_size),
        "pooler_output": (batch, config.hidden_size),
        "hidden_states": (layers + 1, batch, length, config.hidden_size),
        "attentions": (layers, batch, heads, length, length),
        "cross_attentions": (looking, batch, heads, queries, patches),
    }
