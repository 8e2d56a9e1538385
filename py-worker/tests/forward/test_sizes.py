"""The shapes that a pass is admitted by are those that it gives."""

from __future__ import annotations

import pytest
import torch

from tests.forward.conftest import Case
from tests.forward.passes import Module, answer, request_for
from tests.forward.test_qformer import inputs as qformer_inputs


@pytest.mark.parametrize("module", ["vision", "qformer"])
def test_shapes(case: Case, module: Module) -> None:
    side = case.engine.served.model.image_size
    given: dict[Module, dict[str, torch.Tensor]] = {
        "vision": {"pixel_values": case.pictures(2, size=side + 19)},
        "qformer": qformer_inputs(case),
    }
    passed = case.engine._forward._modules[module]
    request = request_for(module, given[module], passed.outputs, interpolate_pos_encoding=True)
    told = passed.check(request)
    _, found = answer(case.engine, request)
    assert {name: tuple(tensor.shape) for name, tensor in found.items()} == told
