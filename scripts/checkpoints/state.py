"""Training state on disk: tensors as safetensors, counters as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn


def save_state(path: Path, modules: nn.Module, optimizer: torch.optim.Optimizer | None, step: int) -> None:
    """Writes `path`.safetensors, then `path`.json, so that a torn write is not taken up again."""
    tensors = {f"model.{name}": tensor.contiguous() for name, tensor in _unshared(modules).items()}
    if optimizer is not None:
        for index, slots in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{key}": value.contiguous() for key, value in slots.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file(tensors, partial)
    partial.replace(path.with_suffix(".safetensors"))
    path.with_suffix(".json").write_text(json.dumps({"step": step}))


def load_state(path: Path, modules: nn.Module, optimizer: torch.optim.Optimizer | None = None) -> int:
    """Restores what :func:`save_state` wrote and returns the step; 0 when there is nothing yet."""
    if not path.with_suffix(".json").exists():
        return 0
    tensors = load_file(path.with_suffix(".safetensors"))
    named = {name.removeprefix("model."): t for name, t in tensors.items() if name.startswith("model.")}
    missing, unexpected = modules.load_state_dict(named, strict=False)
    if unexpected or set(missing) - set(_shared(modules)):
        raise ValueError(f"{path} was written for another architecture; remove it to train from scratch")
    if optimizer is not None:
        _load_slots(optimizer, tensors)
    return int(json.loads(path.with_suffix(".json").read_text())["step"])


def _load_slots(optimizer: torch.optim.Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".")
            state.setdefault(int(index), {})[key] = tensor
    if state:
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _unshared(modules: nn.Module) -> dict[str, torch.Tensor]:
    shared = set(_shared(modules))
    return {name: tensor for name, tensor in modules.state_dict().items() if name not in shared}


def _shared(modules: nn.Module) -> list[str]:
    """Names whose storage an earlier name already covers (tied embeddings)."""
    seen: set[int] = set()
    names = []
    for name, tensor in modules.state_dict().items():
        if tensor.data_ptr() in seen:
            names.append(name)
        seen.add(tensor.data_ptr())
    return names
