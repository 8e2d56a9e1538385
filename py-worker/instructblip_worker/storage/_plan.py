"""Which form each weight is to have."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Literal

from ..errors import LoadError, config_invalid
from ._outline import Outline, Weight

DType = Literal["float32", "bfloat16", "float16"]
Quantization = Literal["none", "int8", "nf4"]
Library = Literal["bitsandbytes", "torchao"]
Form = Literal["float32", "bfloat16", "float16", "int8", "nf4"]

_LANGUAGE_MODEL = "language_model."
_SPARED = (".lm_head.", ".wo.")
"""The head decides between near ties, and T5's `wo` sees values too large for float16: both lose too much."""
_CPU_BLOCK = (32, 64)
"""Rows and columns of which bitsandbytes' 4-bit kernels for the CPU want multiples."""


@dataclass(frozen=True)
class Plan:
    """The numbers a model computes in, and how the matrices of its language model are stored."""

    dtype: DType
    quantization: Quantization
    library: Library | None
    """What quantises; None when nothing does."""
    device: str
    """Its kind: `cpu`, `cuda` or `mps`."""

    def form(self, weight: Weight, outline: Outline) -> Form:
        """The form of one weight of a model."""
        if self.quantization != "none" and self._quantises(weight):
            return self.quantization
        if self.dtype == "float16" and outline.keeps(weight.name):
            return "float32"
        return self.dtype

    def spared(self, outline: Outline) -> list[Weight]:
        """The language model's matrices that are not quantised."""
        return [weight for weight in outline if _is_candidate(weight) and not self._quantises(weight)]

    def unfit(self, outline: Outline) -> list[Weight]:
        """Those among them that would be, had they another shape."""
        return [weight for weight in self.spared(outline) if not _is_spared(weight)]

    def _quantises(self, weight: Weight) -> bool:
        if not _is_candidate(weight) or _is_spared(weight):
            return False
        if self.quantization == "nf4" and self.device == "cpu":
            return all(size % block == 0 for size, block in zip(weight.shape, _CPU_BLOCK, strict=True))
        return True


def _is_candidate(weight: Weight) -> bool:
    return weight.is_matrix and weight.name.startswith(_LANGUAGE_MODEL)


def _is_spared(weight: Weight) -> bool:
    return any(part in weight.name for part in _SPARED)


def make_plan(dtype: DType, quantization: Quantization, device: str) -> Plan:
    """The plan for a kind of device. Raises LoadError for what no library here can do.

    bitsandbytes quantises where it is installed; where it is not, there is torchao's int8.
    """
    return Plan(dtype, quantization, _library(dtype, quantization, device), device)


def _library(dtype: DType, quantization: Quantization, device: str) -> Library | None:
    if quantization == "none":
        return None
    if device not in ("cpu", "cuda"):
        raise _refusal(f"{quantization} runs on cuda and cpu, but this is {device}. Use quantization none.")
    if _has("bitsandbytes") and _has("accelerate"):
        return "bitsandbytes"
    if quantization == "nf4":
        raise _refusal("nf4 needs bitsandbytes and accelerate in the worker's Python environment.")
    if not _has("torchao"):
        raise _refusal("int8 needs bitsandbytes or torchao in the worker's Python environment.")
    if dtype == "float16":
        # Its sums run over integers up to 127 before they are scaled down, beyond float16's largest number.
        raise _refusal(
            "torchao's int8 overflows in float16. Use bfloat16 or float32, or install bitsandbytes."
        )
    return "torchao"


def _has(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _refusal(message: str) -> LoadError:
    return config_invalid(message, path="quantization")
