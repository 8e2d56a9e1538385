"""The vision model by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import torch

from ..errors import invalid
from ..pipeline import Pipeline
from ..pixels import PixelNormaliser, picture_size
from ..protocol import TensorFrame
from ..request import ForwardRequest
from ._module import Found, Shapes
from ._recording import recording, stacked
from ._watch import Watch

_TOGETHER = 4
"""Pictures in one run of the model: its time per picture hardly falls beyond."""


class VisionModule:
    """Pictures to features.

    Takes ``pixel_values``, u8 [B, H, W, 3], or f32 [B, 3, H, W] already normalised. Gives, with P patches and
    the class token, h heads, and D for the width of L layers:

    - ``last_hidden_state`` [B, P, D], after the last norm;
    - ``pooler_output`` [B, D]: the class token, normed once more;
    - ``hidden_states`` [L + 1, B, P, D]: what the first layer takes, then what each gives, before that norm;
    - ``attentions`` [L, B, h, P, P].
    """

    inputs = frozenset({"pixel_values"})
    outputs = frozenset({"last_hidden_state", "pooler_output", "hidden_states", "attentions"})

    def __init__(self, model: Any, normalise: PixelNormaliser, pipeline: Pipeline | None) -> None:
        self._model = model
        self._normalise = normalise
        self._pipeline = pipeline

    def check(self, request: ForwardRequest) -> Shapes:
        """Pictures of a kind and size that the model takes."""
        frame = request.inputs.get("pixel_values")
        if frame is None:
            raise invalid("pixel_values", "given", "missing")
        self._normalise.check_batch(frame, interpolate=_interpolates(request))
        return self.shapes(frame)

    def shapes(self, frame: TensorFrame) -> Shapes:
        """Of all outputs, for such pictures."""
        config = self._model.config
        height, width = picture_size(_picture(frame, 0))
        batch, patches = frame.shape[0], (height // config.patch_size) * (width // config.patch_size) + 1
        layers, hidden = config.num_hidden_layers, config.hidden_size
        return {
            "last_hidden_state": (batch, patches, hidden),
            "pooler_output": (batch, hidden),
            "hidden_states": (layers + 1, batch, patches, hidden),
            "attentions": (layers, batch, config.num_attention_heads, patches, patches),
        }

    def run(self, request: ForwardRequest, watch: Watch) -> Found:
        """All outputs that are asked for."""
        return self.look(request, request.op.outputs, watch)

    def look(self, request: ForwardRequest, wanted: Collection[str], watch: Watch) -> Found:
        """``last_hidden_state``, ``pooler_output``, and of the others those that are wanted."""
        frames = [_picture(request.inputs["pixel_values"], i) for i in range(_count(request))]
        inner = {"hidden_states", "attentions"}.intersection(wanted)
        if self._pipeline is not None and not inner:
            # [B, P, D]; the cache holds no more than this.
            last, known = self._pipeline.features(frames, watch.step, interpolate=_interpolates(request))
            pooled = self._model.post_layernorm(last[:, 0])
            watch.stage("vision")
            return Found({"last_hidden_state": last, "pooler_output": pooled}, image_cached=known)
        groups = list(self._groups(frames, inner, watch, interpolate=_interpolates(request)))
        watch.stage("vision")
        # The batch is the second axis where layers are the first.
        return Found(
            {
                name: torch.cat([group[name] for group in groups], dim=1 if name in inner else 0)
                for name in groups[0]
            }
        )

    def _groups(
        self, frames: list[TensorFrame], wanted: Collection[str], watch: Watch, *, interpolate: bool
    ) -> Iterator[dict[str, torch.Tensor]]:
        """The outputs of a few pictures at a time."""
        for start in range(0, len(frames), _TOGETHER):
            # [G, 3, H, W]
            pixels = self._normalise(frames[start : start + _TOGETHER]).to(self._model.device)
            with recording(self._model, wanted, watch) as flags:
                output = self._model(pixel_values=pixels, interpolate_pos_encoding=interpolate, **flags)
            found = {"last_hidden_state": output.last_hidden_state, "pooler_output": output.pooler_output}
            yield found | {name: stacked(output[name]) for name in wanted}


def _interpolates(request: ForwardRequest) -> bool:
    return bool(request.op.interpolate_pos_encoding)


def _count(request: ForwardRequest) -> int:
    return request.inputs["pixel_values"].shape[0]


def _picture(frame: TensorFrame, index: int) -> TensorFrame:
    """One of a batch."""
    size = frame.data.nbytes // frame.shape[0]
    return TensorFrame(frame.dtype, frame.shape[1:], frame.data[index * size : (index + 1) * size])
