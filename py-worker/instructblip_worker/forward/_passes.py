"""From a request for a pass to its outputs."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..errors import RequestError, invalid
from ..outbox import Answer
from ..parts import Parts
from ..pixels import PixelNormaliser
from ..protocol import TensorFrame
from ..request import ForwardRequest
from ._module import Module
from ._tensors import to_frame
from ._vision import VisionModule


class ForwardPasses:
    """Every module of a model that can be passed through by itself."""

    def __init__(self, parts: Parts, normalise: PixelNormaliser | None) -> None:
        self._modules: dict[str, Module] = {}
        if parts.vision is not None and normalise is not None:
            self._modules["vision"] = VisionModule(parts.vision, normalise)

    def check(self, request: ForwardRequest) -> None:
        """Raise RequestError for inputs and outputs that the module does not have."""
        module = self._modules.get(request.op.module)
        if module is None:
            raise RequestError("UNSUPPORTED", f"This model has no {request.op.module}.", path="module")
        for name in request.inputs:
            if name not in module.inputs:
                raise invalid("inputs", f"among {', '.join(sorted(module.inputs))}", name)
        for name in request.op.outputs:
            if name not in module.outputs:
                raise invalid("outputs", f"among {', '.join(sorted(module.outputs))}", name)
        module.check(request)

    def run(self, request: ForwardRequest, on_stage: Callable[[], None]) -> Answer:
        """The outputs that were asked for. Runs under ``torch.inference_mode``."""
        op = request.op
        began = time.perf_counter()
        found = self._modules[op.module].run(request)
        on_stage()
        outputs: dict[str, TensorFrame] = {
            name: to_frame(tensor, op.output_dtype) for name, tensor in found.items() if name in op.outputs
        }
        return Answer(outputs=outputs, timings={op.module: (time.perf_counter() - began) * 1000})
