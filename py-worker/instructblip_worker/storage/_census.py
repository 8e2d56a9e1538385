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
