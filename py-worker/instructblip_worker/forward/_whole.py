"""The whole model."""

from __future__ import annotations

from typing import Any

import torch

from ..errors import RequestError, invalid
from ..request import ForwardRequest
from ..stages import Stages
from ._causal import CausalPass
from ._image_features import ImageFeaturesModule
from ._module import Found, Shapes, below
from ._reader import Reader
from ._seq2seq import Seq2SeqPass
from ._tensors import to_tensor
from ._watch import Watch

_LANGUAGE = "language_model_outputs."
_HEAD = ("loss", "logits")


class WholeModule:
    """From pictures and texts to what the language model says.

    Takes the inputs of :class:`ImageFeaturesModule`, those of the language model's own pass
    (:class:`CausalPass`, :class:`Seq2SeqPass`), and the text, B rows of P tokens:

    - ``input_ids`` i64 [B, P] without any placeholders, or ``inputs_embeds`` [B, P, D];
    - ``attention_mask`` [B, P], all ones if it is left out.

    The language model reads the Q queries of the picture, then the text. Gives ``logits``, ``loss`` if there
    are ``labels``, the other outputs of the language model with ``language_model_outputs.`` before their
    names, and those of the vision model and the Q-Former with ``vision_outputs.`` and ``qformer_outputs.``.
    """

    def __init__(self, model: Any, features: ImageFeaturesModule, stages: Stages) -> None:
        self._config = model.config
        self._features = features
        self._stages = stages
        reads = model.config.text_config.is_encoder_decoder
        language_model = model.language_model
        self._language = Seq2SeqPass(language_model) if reads else CausalPass(language_model)
        text = {"input_ids", "attention_mask", "inputs_embeds"}
        self.inputs = features.inputs | text | self._language.inputs
        self._named = frozenset(_LANGUAGE + name for name in self._language.outputs)
        self.outputs = features.outputs - {"pooler_output"} | self._named | frozenset(_HEAD)

    def check(self, request: ForwardRequest) -> Shapes:
        """Texts that fit the pictures and the language model, ids within its vocabulary."""
        given = Reader(request.inputs)
        shapes = self._features.check_question(request, given)
        batch, queries, width = shapes.pop("pooler_output")
        text = self._config.text_config
        if "inputs_embeds" not in given:
            given.need("input_ids", without=", or inputs_embeds")
        elif "input_ids" in given:
            raise invalid("inputs_embeds", "left out where input_ids are given", "given")
        given.ids("input_ids", "B", "P", below=text.vocab_size)
        given.fractions("inputs_embeds", "B", "P", width)
        given.mask("attention_mask", "B", "P")
        longest = self._language.longest - queries
        given.limit("input_ids" if "input_ids" in given else "inputs_embeds", given.size("P"), longest)
        self._refuse_placeholders(request)
        language = self._language.check(given, batch, queries + given.size("P"))
        if "loss" in request.op.outputs and "loss" not in language:
            raise invalid("labels", "given for a loss", "missing")
        return shapes | {
            name if name in _HEAD else _LANGUAGE + name: shape for name, shape in language.items()
        }

    def run(self, request: ForwardRequest, watch: Watch) -> Found:
        """All outputs that are asked for."""
        found = self._features.run(request, watch)
        names = frozenset(request.op.outputs)
        if not names & (self._named | set(_HEAD)):
            return found
        stages = self._stages
        given = {
            name: to_tensor(frame, stages.device)
            for name, frame in request.inputs.items()
            if name not in self._features.inputs
        }
        # [B, P, D]
        text = given["inputs_embeds"] if "inputs_embeds" in given else stages.embed(given["input_ids"])
        mask = given.get("attention_mask")
        if mask is None:
            mask = torch.ones(text.shape[:2], dtype=torch.int64, device=stages.device)
        # [B, Q + P, D]
        prompt = stages.join(found.outputs["pooler_output"], text, mask)
        said = self._language.run(prompt, given, below(_LANGUAGE, names), watch)
        watch.stage("language_model")
        found.outputs |= {name if name in _HEAD else _LANGUAGE + name: said[name] for name in said}
        return found

    def _refuse_placeholders(self, request: ForwardRequest) -> None:
        """transformers 5's processor puts these ids where the queries go; here they would be read as text."""
        token, frame = self._config.image_token_index, request.inputs.get("input_ids")
        if token is not None and frame is not None and (frame.numpy() == token).any():
            raise RequestError(
                "INVALID_ARGUMENT",
                f"input_ids must be without the placeholder <image>, but have {token}: the picture's queries "
                "are put before the text by the model itself.",
                path="input_ids",
            )
