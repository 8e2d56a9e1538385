"""The vision model by itself."""

from __future__ import annotations

from typing import Any

import torch

from ..errors import invalid
from ..pixels import PixelNormaliser
from ..protocol import TensorFrame
from ..request import ForwardRequest


class VisionModule:
    """Pictures to features: ``pixel_values`` u8 [B, H, W, 3], or f32 [B, 3, H, W] already normalised."""

    inputs = frozenset({"pixel_values"})
    outputs = frozenset({"last_hidden_state", "pooler_output", "hidden_states", "attentions"})

    def __init__(self, model: Any, normalise: PixelNormaliser) -> None:
        self._model = model
        self._normalise = normalise

    def check(self, request: ForwardRequest) -> None:
        """Pictures of a kind and size that the model takes."""
        for picture in pictures(request):
            self._normalise.check(picture, interpolate=bool(request.op.interpolate_pos_encoding))

    def run(self, request: ForwardRequest) -> dict[str, torch.Tensor]:
        """``last_hidden_state`` [B, P, H] and ``pooler_output`` [B, H]."""
        pixels = self._normalise(pictures(request)).to(self._model.device)
        output = self._model(
            pixel_values=pixels, interpolate_pos_encoding=bool(request.op.interpolate_pos_encoding)
        )
        return {"last_hidden_state": output.last_hidden_state, "pooler_output": output.pooler_output}


def pictures(request: ForwardRequest) -> list[TensorFrame]:
    """The pictures of ``pixel_values``, one by one."""
    frame = request.inputs.get("pixel_values")
    if frame is None or len(frame.shape) != 4 or frame.shape[0] == 0:
        wanted = "u8 [B, H, W, 3] or f32 [B, 3, H, W]"
        raise invalid("pixel_values", wanted, "missing" if frame is None else list(frame.shape))
    count = frame.shape[0]
    size = frame.data.nbytes // count
    return [
        TensorFrame(frame.dtype, frame.shape[1:], frame.data[i * size : (i + 1) * size]) for i in range(count)
    ]
