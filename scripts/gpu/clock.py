"""Times and bandwidth of a device."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch


def seconds(device: torch.device, work: Callable[[], object]) -> float:
    """How long work takes until the device is done with it."""
    _wait(device)
    begun = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - begun


def median_seconds(device: torch.device, work: Callable[[], object], repeats: int) -> float:
    """The median of some runs, after one that warms up."""
    seconds(device, work)
    return statistics.median(seconds(device, work) for _ in range(repeats))


def bandwidth(device: torch.device, size: int, repeats: int = 10) -> float:
    """Bytes a second that the device's memory moves: those read and written by a copy of ``size`` bytes."""
    source = torch.empty(size, dtype=torch.uint8, device=device).fill_(1)
    target = torch.empty_like(source)
    best = min(seconds(device, lambda: target.copy_(source)) for _ in range(repeats + 1))
    return 2 * size / best


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
