"""From a request for a pass to its outputs."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import RequestError, invalid
from ..outbox import Answer
from ..parts import Parts
from ..pipeline import Pipeline
from ..pixels import PixelNormaliser
from ..protocol import ELEMENT_BYTES
from ..request import ForwardRequest
from ._guard import check_answer, check_memory
from ._image_features import ImageFeaturesModule
from ._module import Module
from ._qformer import QFormerModule
from ._tensors import to_frame
from ._vision import VisionModule
from ._watch import GivenUp, Watch
from ._whole import WholeModule


class ForwardPasses:
    """Every module of a model that can be passed through by itself."""

    def __init__(
        self, parts: Parts, normalise: PixelNormaliser | None, pipeline: Pipeline | None, dtype: str
    ) -> None:
        self._device = parts.device
        self._element = 4 if dtype == "float32" else 2
        self._modules: dict[str, Module] = {}
        if parts.vision is not None and normalise is not None:
            vision = VisionModule(parts.vision, normalise, pipeline)
            self._modules["vision"] = vision
            if parts.whole is not None and pipeline is not None:
                features = ImageFeaturesModule(parts.whole, vision, pipeline.stages)
                self._modules["image_features"] = features
                self._modules["model"] = WholeModule(parts.whole, features, pipeline.stages)
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
        element = self._element if op.output_dtype is None else ELEMENT_BYTES[op.output_dtype]
        check_answer(module.check(request), set(op.outputs), element)

    def run(self, request: ForwardRequest, on_progress: Callable[[], None]) -> Answer | None:
        """The outputs that were asked for. None when the request is given up on the way.

        Runs under ``torch.inference_mode``.
        """
        op, module = request.op, self._modules[request.op.module]
        # Now, not when it came: what is free changes while a request waits.
        check_memory(module.check(request), set(op.outputs), self._element, self._device)
        watch = Watch(request, self._device, on_progress)
        try:
            found = module.run(request, watch)
        except GivenUp:
            return None
        outputs = {name: to_frame(found.outputs[name], op.output_dtype) for name in op.outputs}
        return Answer(outputs=outputs, timings=watch.timings, image_cached=found.image_cached)
