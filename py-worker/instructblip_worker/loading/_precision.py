"""Where a model runs, and in which numbers."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any, Literal

import torch

from ..errors import config_invalid
from ..protocol import Precision, Quantization

DType = Literal["float32", "bfloat16", "float16"]
_AMPERE = (8, 0)
_UNQUANTISED = ["vision_model", "qformer", "language_projection", "language_model.lm_head", r".*\.wo\b"]
"""int8 and nf4 are for the language model's large matrices; its head and T5's `wo` would lose too much."""


def choose_device(name: str) -> torch.device:
    """The device of a name: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", 0)
        return torch.device("cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise config_invalid(f"There is no device {name!r}.", path="device") from None
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        index = device.index or 0
        if index >= count:
            raise config_invalid(
                f"{name} was asked for, but PyTorch sees {count} CUDA devices.", path="device"
            )
        return torch.device("cuda", index)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise config_invalid("mps was asked for, but this machine or PyTorch has none.", path="device")
    if device.type not in ("cpu", "mps"):
        raise config_invalid(f"{name} is not supported: only cpu, cuda and mps are.", path="device")
    return device


def choose_dtype(wanted: Precision, device: torch.device) -> DType:
    """`auto`: bfloat16 on Ampere and later, float16 on older GPUs and mps, float32 on the CPU."""
    if wanted != "auto":
        return wanted
    if device.type == "cpu":
        return "float32"
    if device.type == "cuda" and torch.cuda.get_device_capability(device) >= _AMPERE:
        return "bfloat16"
    return "float16"


def quantization_config(wanted: Quantization, device: torch.device, dtype: DType) -> Any | None:
    """transformers' quantization settings; None when nothing is quantised.

    bitsandbytes does it on CUDA. Elsewhere there is torchao's weight-only int8.
    """
    if wanted == "none":
        return None
    if device.type == "cuda":
        return _bitsandbytes(wanted, dtype)
    if device.type == "cpu" and wanted == "int8":
        return _torchao()
    raise config_invalid(
        f"{wanted} needs a CUDA device, but this is {device.type}. On the CPU there is int8.",
        path="quantization",
    )


def _bitsandbytes(wanted: Quantization, dtype: DType) -> Any:
    _require(wanted, "bitsandbytes", "accelerate")
    from transformers.utils.quantization_config import BitsAndBytesConfig

    if wanted == "int8":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=_UNQUANTISED)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=getattr(torch, dtype),
        llm_int8_skip_modules=_UNQUANTISED,
    )


def _torchao() -> Any:
    _require("int8", "torchao")
    # By name, as the package may be absent where this is type-checked.
    quantization = importlib.import_module("torchao.quantization")
    from transformers.utils.quantization_config import TorchAoConfig

    return TorchAoConfig(quantization.Int8WeightOnlyConfig(), modules_to_not_convert=_UNQUANTISED)


def _require(wanted: Quantization, *packages: str) -> None:
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        raise config_invalid(
            f"{wanted} needs {' and '.join(missing)} in the worker's Python environment.", path="quantization"
        )
