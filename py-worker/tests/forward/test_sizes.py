"""The shapes that a pass is admitted by are those that it gives."""

from __future__ import annotations

import pytest
import torch

from tests.forward.conftest import Case
from tests.forward.passes import Module, answer, request_for
from tests.forward.test_qformer import inputs as qformer_inputs
from tests.forward.test_whole import LABELS
from tests.forward.test_whole import inputs as whole_inputs


@pytest.mark.parametrize("module", ["vision", "qformer", "image_features", "model"])
def test_shapes(case: Case, module: Module) -> None:
    side = case.engine.served.model.image_size
    pictures = {"pixel_values": case.pictures(1, size=side + 19)}
    told = whole_inputs(case)
    given: dict[Module, dict[str, torch.Tensor]] = {
        "vision": pictures,
        "qformer": qformer_inputs(case),
        "image_features": {"qformer_input_ids": told["qformer_input_ids"], **pictures},
        "model": {**told, **pictures, "labels": LABELS},
    }
    passed = case.engine._forward._modules[module]
    request = request_for(module, given[module], passed.outputs, interpolate_pos_encoding=True)
    shapes = passed.check(request)
    _, found = answer(case.engine, request)
    assert {name: tuple(tensor.shape) for name, tensor in found.items()} == shapes
