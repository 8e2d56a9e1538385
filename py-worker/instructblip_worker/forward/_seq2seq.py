"""T5 behind the queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import torch

from ..stages import Prompt
from ._causal import IGNORED
from ._module import Shapes
from ._reader import Reader
from ._recording import recording, stacked
from ._watch import Watch

_LONGEST = 4096
"""It has no limit of its own, but its memory grows with the square of a text."""


class Seq2SeqPass:
    """One pass through T5: the encoder reads queries and text, the decoder its own ids.

    Takes ``decoder_input_ids`` i64 [B, N] with their ``decoder_attention_mask``, or ``labels`` i64 [B, N],
    -100 where they do not count, which are shifted to make them. With labels there is a ``loss``, the mean
    over what counts. The texts are padded on the right, as T5 counts distances over padding.

    Gives, with S = Q + P columns, ``logits`` [B, N, V], ``encoder_last_hidden_state`` [B, S, D],
    ``encoder_hidden_states`` [L + 1, B, S, D], ``decoder_hidden_states`` [M + 1, B, N, D], the last of each
    normed, ``encoder_attentions`` [L, B, h, S, S], ``decoder_attentions`` [M, B, h, N, N] and
    ``cross_attentions`` [M, B, h, N, S].
    """

    inputs = frozenset({"decoder_input_ids", "decoder_attention_mask", "labels"})
    outputs = frozenset(
        {
            "encoder_last_hidden_state",
            "encoder_hidden_states",
            "encoder_attentions",
            "decoder_hidden_states",
            "decoder_attentions",
            "cross_attentions",
        }
    )

    def __init__(self, model: Any) -> None:
        self._model = model
        self.longest = _LONGEST
        """Most columns that either side can read."""

    def check(self, given: Reader, batch: int, length: int) -> Shapes:
        """The shapes of all outputs for so many rows and columns. Raises RequestError."""
        config = self._model.config
        if "labels" not in given:
            given.need("decoder_input_ids", without=", or labels")
        given.ids("decoder_input_ids", "B", "N", below=config.vocab_size)
        given.ids("labels", "B", "N", below=config.vocab_size, ignored=IGNORED)
        given.mask("decoder_attention_mask", "B", "N")
        own = given.size("N")
        given.limit("labels" if "labels" in given else "decoder_input_ids", own, self.longest)
        width, heads = config.d_model, config.num_heads
        encoder, decoder = config.num_layers, config.num_decoder_layers
        return {
            "logits": (batch, own, config.vocab_size),
            "encoder_last_hidden_state": (batch, length, width),
            "encoder_hidden_states": (encoder + 1, batch, length, width),
            "encoder_attentions": (encoder, batch, heads, length, length),
            "decoder_hidden_states": (decoder + 1, batch, own, width),
            "decoder_attentions": (decoder, batch, heads, own, own),
            "cross_attentions": (decoder, batch, heads, own, length),
            **({"loss": ()} if "labels" in given else {}),
        }

    def run(
        self, prompt: Prompt, given: Mapping[str, torch.Tensor], wanted: Collection[str], watch: Watch
    ) -> dict[str, torch.Tensor]:
        """``logits``, ``loss`` if there are labels, and those of the others that are wanted."""
        with recording(self._model, wanted, watch) as flags:
            output = self._model(
                inputs_embeds=prompt.embeds,
                attention_mask=prompt.mask,
                use_cache=False,
                **{name: given[name] for name in self.inputs.intersection(given)},
                **flags,
            )
        found = {"logits": output.logits}
        if "labels" in given:
            found["loss"] = output.loss
        for name in self.outputs.intersection(wanted):
            layers = output[name]
            found[name] = layers if isinstance(layers, torch.Tensor) else stacked(layers)
        return found
