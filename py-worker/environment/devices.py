"""Report the devices that this environment's torch can use, as one line of JSON."""

from __future__ import annotations

import json
import warnings
from typing import Any


def cuda_devices() -> list[dict[str, Any]]:
    """Every visible CUDA device; memory in bytes, free memory as the driver sees it now."""
    import torch

    devices = []
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        free, total = torch.cuda.mem_get_info(index)
        devices.append(
            {
                "index": index,
                "name": properties.name,
                "memoryBytes": total,
                "freeMemoryBytes": free,
                "computeCapability": f"{properties.major}.{properties.minor}",
            }
        )
    return devices


def report() -> dict[str, Any]:
    """The whole answer. `reason` says why CUDA cannot be used although this build of torch has it."""
    import torch

    devices: list[dict[str, Any]] = []
    reason = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            if torch.version.cuda is not None and torch.cuda.is_available():
                devices = cuda_devices()
            elif caught:
                reason = str(caught[-1].message)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
    return {"torch": torch.__version__, "cuda": torch.version.cuda, "devices": devices, "reason": reason}


if __name__ == "__main__":
    print(json.dumps(report()))
