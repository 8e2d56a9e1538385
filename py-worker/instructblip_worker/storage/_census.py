"""What a loaded model's weights really are, against what they were to be."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..errors import bad_data
from ._outline import Outline, Weight
from ._plan import Plan

_QUANTISED = {"Int8Tensor": "int8", "Int8Params": "int8", "Params4bit": "nf4"}
"""The classes of torchao and bitsandbytes."""


def check_forms(model: Any, plan: Plan, outline: Outline) -> dict[str, dict[str, int]]:
    """How many numbers each part has in each form. Raises LoadError where one is not as planned."""
    expected = {weight.name: weight for weight in outline}
    census: dict[str, Counter[str]] = {}
    for name, parameter in model.named_parameters():
        # A checkpoint may bring a head of its own though config.json calls it tied.
        weight = expected.get(name) or Weight(name, tuple(parameter.shape), is_matrix=False)
        wanted, found = plan.form(weight, outline), form_of(parameter)
        if found != wanted:
            raise bad_data(f"{name} was loaded in {found}, but is to be in {wanted}.")
        census.setdefault(name.partition(".")[0], Counter())[found] += weight.size
    return {part: dict(forms) for part, forms in census.items()}


def form_of(parameter: Any) -> str:
    """The form of a loaded parameter."""
    # torchao's tensors are wrapped in torch's own Parameter, bitsandbytes' are classes of their own.
    for tensor in (parameter, parameter.data):
        quantised = _QUANTISED.get(type(tensor).__name__)
        if quantised is not None:
            return quantised
    return str(parameter.dtype).removeprefix("torch.")


def measured_bytes(model: Any) -> int:
    """Bytes that a loaded model's weights really have, with their scales and tables."""
    tensors = [tensor for module in model.modules() for tensor in _stored(module)]
    # Shared weights are met more than once.
    storages = {
        tensor.untyped_storage().data_ptr(): tensor.numel() * tensor.element_size() for tensor in tensors
    }
    return sum(storages.values())


def _stored(module: Any) -> list[Any]:
    """The plain tensors of a module's own parameters."""
    found = []
    for parameter in module.parameters(recurse=False):
        data = parameter.data
        if hasattr(data, "__tensor_flatten__"):
            found += [getattr(data, name) for name in data.__tensor_flatten__()[0]]
            continue
        found.append(data)
        if (state := getattr(parameter, "quant_state", None)) is not None:
            found += [state.absmax, state.code]
        # bitsandbytes moves the scales to the layer when it first computes.
        for owner in (parameter, getattr(module, "state", None)):
            if (scales := getattr(owner, "SCB", None)) is not None:
                found.append(scales)
    return found
