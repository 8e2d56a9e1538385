"""From a request for a pass to its outputs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from ..errors import RequestError, invalid
from ..outbox import Answer
from ..parts import Parts
from ..pipeline import Pipeline
from ..pixels import PixelNormaliser
from ..protocol import ELEMENT_BYTES, OUTPUT_BYTES
from ..request import ForwardRequest
from ._module import Module
from ._qformer import QFormerModule
from ._tensors import to_frame
from ._vision import VisionModule


class _GivenUp(Exception):
    """Nobody wants the answer any more."""


class ForwardPasses:
    """Every module of a model that can be passed through by itself."""

    def __init__(
        self, parts: Parts, normalise: PixelNormaliser | None, pipeline: Pipeline | None, dtype: str
    ) -> None:
        self._element = 4 if dtype == "float32" else 2
        self._modules: dict[str, Module] = {}
        if parts.vision is not None and normalise is not None:
            self._modules["vision"] = VisionModule(parts.vision, normalise, pipeline)
        if parts.qformer is not None:
            self._modules["qformer"] = QFormerModule(parts.qformer)

    def check(self, request: ForwardRequest) -> None:
        """Raise RequestError for inputs and outputs that the module does not have or cannot handle."""
        op = request.op
        module = self._modules.get(op.module)
        if module is None:
            raise RequestError("UNSUPPORTED", f"This model has no {op.module}.", path="module")
        for name in request.inputs:
            if name not in module.inputs:
                raise invalid("inputs", f"among {', '.join(sorted(module.inputs))}", name)
        for name in op.outputs:
            if name not in module.outputs:
                raise invalid("outputs", f"among {', '.join(sorted(module.outputs))}", name)
        shapes = module.check(request)
        element = self._element if op.output_dtype is None else ELEMENT_BYTES[op.output_dtype]
        _check_sizes({name: shapes[name] for name in op.outputs}, element)

    def run(self, request: ForwardRequest, on_progress: Callable[[], None]) -> Answer | None:
        """The outputs that were asked for. None when the request is given up on the way.

        Runs under ``torch.inference_mode``.
        """
        op = request.op
        watch = _Watch(request, on_progress)
        try:
            found = self._modules[op.module].run(request, watch)
        except _GivenUp:
            return None
        outputs = {name: to_frame(found.outputs[name], op.output_dtype) for name in op.outputs}
        return Answer(outputs=outputs, timings=watch.timings, image_cached=found.image_cached)


class _Watch:
    """Times the stages of a pass, and ends it when its request is given up."""

    def __init__(self, request: ForwardRequest, on_progress: Callable[[], None]) -> None:
        self.timings: dict[str, float] = {}
        """Milliseconds by stage."""
        self._request = request
        self._on_progress = on_progress
        self._since = time.perf_counter()

    def __call__(self, stage: str) -> None:
        """A piece of that stage is done."""
        now = time.perf_counter()
        self.timings[stage] = self.timings.get(stage, 0.0) + (now - self._since) * 1000
        self._since = now
        self._on_progress()
        if self._request.settled:
            raise _GivenUp


def _check_sizes(shapes: dict[str, tuple[int, ...]], element: int) -> None:
    """Refuse outputs that no answer can hold before they are computed."""
    sizes = {name: math.prod(shape) * element for name, shape in shapes.items()}
    total = sum(sizes.values())
    if total > OUTPUT_BYTES:
        largest = max(sizes, key=lambda name: sizes[name])
        raise RequestError(
            "PAYLOAD_TOO_LARGE",
            f"The outputs would take {total} bytes, more than {OUTPUT_BYTES}: {largest} alone is "
            f"{list(shapes[largest])}. Ask for fewer of them, a smaller batch or a shorter output_dtype.",
            path="outputs",
        )
