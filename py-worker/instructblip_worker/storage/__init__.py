"""In what form a model's weights lie in memory.

Needs torch and transformers, and nothing of the worker's protocol: scripts use it on their own.
"""

from __future__ import annotations

from ._census import check_forms, measured_bytes
from ._device import choose_device, choose_dtype
from ._estimate import Cache, Estimate, Part, estimate, weight_bytes
from ._memory import Memory, free_memory, machine_memory, refuse_if_too_large
from ._outline import Outline, Weight, read_outline
from ._plan import DType, Form, Library, Plan, Quantization, make_plan
from ._quantization import quantization_config
from ._reading import read_model

__all__ = [
    "Cache",
    "DType",
    "Estimate",
    "Form",
    "Library",
    "Memory",
    "Outline",
    "Part",
    "Plan",
    "Quantization",
    "Weight",
    "check_forms",
    "choose_device",
    "choose_dtype",
    "estimate",
    "free_memory",
    "machine_memory",
    "make_plan",
    "measured_bytes",
    "quantization_config",
    "read_model",
    "read_outline",
    "refuse_if_too_large",
    "weight_bytes",
]
