"""The memory of this machine, and refusing what it cannot hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from ..errors import LoadError
from ._plan import Plan

_PROCESS_BYTES = 400_000_000
"""A worker without a model: Python, torch and transformers. Measured on Linux."""
_CUDA_CONTEXT_BYTES = 600_000_000
"""What CUDA and its libraries take of a device before a model is put on it. From experience, not measured."""


@dataclass(frozen=True)
class Memory:
    """What one device has. Bytes."""

    device: str
    name: str
    total: int
    free: int
    taken_first: int
    """What a new worker takes there before its model."""

    @property
    def kind(self) -> str:
        """`cpu` or `cuda`."""
        return self.device.partition(":")[0]


def machine_memory() -> list[Memory]:
    """The memory of the CPU and of every CUDA device, as far as it can be known."""
    found = []
    host = host_memory()
    if host is not None:
        found.append(Memory("cpu", "CPU", *host, _PROCESS_BYTES))
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        free, total = torch.cuda.mem_get_info(index)
        name = torch.cuda.get_device_name(index)
        found.append(Memory(f"cuda:{index}", name, total, free, _CUDA_CONTEXT_BYTES))
    return found


def refuse_if_too_large(weights: int, besides: int, plan: Plan, device: torch.device) -> None:
    """Raise LoadError when a device has less free memory than weights and computing with them take."""
    free = free_memory(device)
    if free is None:
        return
    if weights + besides > free:
        raise LoadError(
            "RESOURCE_EXHAUSTED",
            f"The weights take {_readable(weights)} in {plan.dtype} (quantization {plan.quantization}) and "
            f"computing with them at least {_readable(besides)}, but {device} has {_readable(free)} free. "
            "`instructblip-workers inspect` shows what other types and quantisations take.",
        )


def free_memory(device: torch.device) -> int | None:
    """Bytes that a device has left for this process; None where that cannot be known."""
    if device.type == "cuda":
        # What torch holds for itself is free, too.
        held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + held
    host = host_memory() if device.type == "cpu" else None
    return None if host is None else host[1]


def host_memory(root: Path = Path("/")) -> tuple[int, int] | None:
    """Total and free bytes for this process, by the kernel and by its control groups; None off Linux."""
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    total, free = kilobytes["MemTotal"] * 1024, kilobytes["MemAvailable"] * 1024
    for limit, used in _limits(root):
        total, free = min(total, limit), min(free, max(limit - used, 0))
    return total, free


def _limits(root: Path) -> list[tuple[int, int]]:
    """Limit and use of every control group that this process is in, of either version."""
    groups = root / "sys/fs/cgroup"
    found = []
    for folder in _folders(root, groups):
        for limit_file, used_file, cache in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            limit, used = _number(folder / limit_file), _number(folder / used_file)
            if limit is not None and used is not None:
                # The kernel counts files it has read, and gives them up when memory is wanted.
                found.append((limit, used - _statistic(folder / "memory.stat", cache)))
    return found


def _folders(root: Path, groups: Path) -> list[Path]:
    """The folders of this process's groups and of those around them."""
    folders = [groups, groups / "memory"]
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return folders
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        folder = groups / controllers
        for name in path.strip("/").split("/"):
            folder = folder / name
            folders.append(folder)
    return list(dict.fromkeys(folders))


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        # Not there, or `max`: no limit.
        return None


def _statistic(file: Path, name: str) -> int:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.split()[0] == name), 0)


def _readable(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
