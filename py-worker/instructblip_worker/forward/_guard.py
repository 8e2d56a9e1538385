"""Refusing passes that no answer or no memory can hold, before they run."""

from __future__ import annotations

import math
from collections.abc import Collection

import torch

from ..errors import RequestError
from ..protocol import OUTPUT_BYTES
from ..storage import free_memory
from ._module import Shapes

_BY_LAYER = ("hidden_states", "attentions")
"""How names of outputs end that have an entry for every layer."""


def check_answer(shapes: Shapes, wanted: Collection[str], element: int) -> None:
    """Raise PAYLOAD_TOO_LARGE when the wanted outputs, of so many bytes an element, exceed an answer."""
    sizes = {name: math.prod(shapes[name]) * element for name in wanted}
    total = sum(sizes.values())
    if total > OUTPUT_BYTES:
        raise RequestError(
            "PAYLOAD_TOO_LARGE",
            f"The outputs would take {total} bytes, more than {OUTPUT_BYTES}: {_largest(sizes, shapes)}. Ask "
            "for fewer of them, a smaller batch or a shorter output_dtype.",
            path="outputs",
        )


def check_memory(shapes: Shapes, wanted: Collection[str], element: int, device: torch.device) -> None:
    """Raise RESOURCE_EXHAUSTED when a device has less free memory than a pass takes at the very least.

    That is: the wanted outputs, twice where layers are collected and then stacked; logits, asked for or not;
    and one layer's map of attention in T5's encoder, which adds its bias to it, asked for or not.
    """
    sizes = {}
    for name, shape in shapes.items():
        size = math.prod(shape) * element
        if name in wanted and name.endswith(_BY_LAYER):
            sizes[name] = 2 * size
        elif name in wanted or name == "logits":
            sizes[name] = size
        elif name.endswith("encoder_attentions"):
            sizes[name] = size // shape[0]
    free = free_memory(device)
    total = sum(sizes.values())
    if free is not None and total > free:
        raise RequestError(
            "RESOURCE_EXHAUSTED",
            f"The pass would take at least {total} bytes, but {device} has {free} free: "
            f"{_largest(sizes, shapes)}. Ask for fewer outputs or a smaller batch.",
            path="outputs",
        )


def _largest(sizes: dict[str, int], shapes: Shapes) -> str:
    name = max(sizes, key=lambda name: sizes[name])
    return f"{name} alone is {list(shapes[name])}"
