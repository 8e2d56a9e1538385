"""In what form a model's weights lie in memory.

Needs torch and transformers, and nothing of the worker's protocol: scripts use it on their own.
"""

from __future__ import annotations

from ._census import check_forms
from ._outline import Outline, Weight, read_outline
from ._plan import DType, Form, Library, Plan, Quantization, make_plan
from ._quantization import quantization_config

__all__ = [
    "DType",
    "Form",
    "Library",
    "Outline",
    "Plan",
    "Quantization",
    "Weight",
    "check_forms",
    "make_plan",
    "quantization_config",
    "read_outline",
]
