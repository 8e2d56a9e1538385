"""All that comes before the language model."""

from __future__ import annotations

from typing import Any

import torch

from ..errors import invalid
from ..request import ForwardRequest
from ..stages import Stages
from ._module import Found, Shapes, below
from ._qformer import OUTPUTS as QFORMER_OUTPUTS
from ._qformer import qformer_outputs, qformer_shapes
from ._reader import Reader
from ._recording import recording
from ._tensors import to_tensor
from ._vision import VisionModule
from ._watch import Watch

VISION, QFORMER = "vision_outputs.", "qformer_outputs."


class ImageFeaturesModule:
    """What pictures say to questions, in the language model's width.

    Takes, with B questions of T tokens:

    - ``pixel_values`` as the vision model does; one picture serves all questions;
    - ``qformer_input_ids`` i64 [B, T], padded on the right, as positions count from the first column; and
      ``qformer_attention_mask`` [B, T], all ones if it is left out.

    Gives ``pooler_output`` [B, Q, D], the projected queries, and the outputs of the vision model and of the
    Q-Former, with ``vision_outputs.`` and ``qformer_outputs.`` before their names.
    """

    inputs = frozenset({"pixel_values", "qformer_input_ids", "qformer_attention_mask"})
    outputs = frozenset(
        {
            "pooler_output",
            *(VISION + name for name in VisionModule.outputs),
            *(QFORMER + name for name in QFORMER_OUTPUTS),
        }
    )

    def __init__(self, model: Any, vision: VisionModule, stages: Stages) -> None:
        self._model = model
        self._vision = vision
        self._stages = stages

    def check(self, request: ForwardRequest) -> Shapes:
        """As many questions as pictures, or one picture; ids within the vocabulary."""
        return self.check_question(request, Reader(request.inputs))

    def check_question(self, request: ForwardRequest, given: Reader) -> Shapes:
        """The same among the inputs of a larger module."""
        vision = self._vision.check(request)
        config, batch = self._model.config, given.size("B")
        pictures = request.inputs["pixel_values"].shape[0]
        if pictures not in (1, batch):
            raise invalid("pixel_values", f"1 picture, or {batch} as there are rows", pictures)
        given.need("qformer_input_ids")
        given.ids("qformer_input_ids", "B", "T", below=config.qformer_config.vocab_size)
        given.mask("qformer_attention_mask", "B", "T")
        text = given.size("T")
        given.limit("qformer_input_ids", text, config.qformer_config.max_position_embeddings)
        queries, patches = config.num_query_tokens, vision["last_hidden_state"][1]
        qformer = qformer_shapes(config.qformer_config, batch, queries, text, patches)
        return {
            "pooler_output": (batch, queries, self._model.language_projection.out_features),
            **{VISION + name: shape for name, shape in vision.items()},
            **{QFORMER + name: shape for name, shape in qformer.items()},
        }

    def run(self, request: ForwardRequest, watch: Watch) -> Found:
        """All outputs that are asked for."""
        names = request.op.outputs
        seen = self._vision.look(request, below(VISION, names), watch)
        ids = to_tensor(request.inputs["qformer_input_ids"], self._stages.device)
        mask = torch.ones_like(ids)
        if "qformer_attention_mask" in request.inputs:
            mask = to_tensor(request.inputs["qformer_attention_mask"], self._stages.device)
        wanted = below(QFORMER, names)
        with recording(self._model.qformer, wanted, watch) as flags:
            output = self._stages.ask(seen.outputs["last_hidden_state"], ids, mask, **flags)
        asked = qformer_outputs(output, wanted)
        projected = self._stages.project(output.last_hidden_state)
        watch.stage("qformer")
        outputs = {
            "pooler_output": projected,
            **{VISION + name: tensor for name, tensor in seen.outputs.items()},
            **{QFORMER + name: tensor for name, tensor in asked.items()},
        }
        return Found(outputs, seen.image_cached)
