"""The libraries that quantise, told what transformers is to hand them."""

from __future__ import annotations

import importlib
import logging
import sys
from typing import Any

import torch

from ._outline import Outline
from ._plan import Plan

_OTHER_PARTS = ("vision_model", "qformer", "language_projection", "language_model.lm_head")
"""Not only by the plan: a head that is tied to the embeddings has no weight of its own, but is a layer."""


def quantization_config(plan: Plan, outline: Outline) -> Any | None:
    """transformers' quantization settings; None when nothing is quantised."""
    if plan.library is None:
        return None
    spared = [*_OTHER_PARTS, *(weight.name.removesuffix(".weight") for weight in plan.spared(outline))]
    if plan.library == "torchao":
        return _torchao(spared)
    return _bitsandbytes(plan, spared)


def _torchao(spared: list[str]) -> Any:
    # By name, as the package may be absent where this is type-checked.
    quantization = importlib.import_module("torchao.quantization")
    from transformers.utils.quantization_config import TorchAoConfig

    return TorchAoConfig(quantization.Int8WeightOnlyConfig(), modules_to_not_convert=spared)


def _bitsandbytes(plan: Plan, spared: list[str]) -> Any:
    import_bitsandbytes()
    from transformers.utils.quantization_config import BitsAndBytesConfig

    if plan.quantization == "int8":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=spared)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=getattr(torch, plan.dtype),
        llm_int8_skip_modules=spared,
    )


def import_bitsandbytes() -> Any:
    """Import the library, quietly, and without the code that it would download and run."""
    # It warns at every product of a matrix that its input is cast, as it always is below float16's range.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    # Where the package `kernels` is there, it fetches compiled code from the hub while it is imported.
    kernels = sys.modules.pop("kernels", None)
    sys.modules["kernels"] = None  # type: ignore[assignment]
    try:
        return importlib.import_module("bitsandbytes")
    finally:
        del sys.modules["kernels"]
        if kernels is not None:
            sys.modules["kernels"] = kernels
