"""What the frozen vision tower sees in the training pictures, computed once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import InstructBlipVisionModel

from .architecture import GRID, WIDTH
from .pool import Labels, Pixels
from .vision import normalised, shuffled

_BATCH = 256

Features = NDArray[np.float16]


@torch.no_grad()
def feature_pool(
    work: Path,
    tower: InstructBlipVisionModel,
    pool: tuple[Pixels, Labels],
    device: torch.device,
) -> tuple[Features, Labels]:
    """([N, 65, 128], [N, 4, 2]): every picture once, its quadrants swapped."""
    total = len(pool[0])
    done, path, labels_path = work / "features.json", work / "features.npy", work / "feature_labels.npy"
    if not done.exists():
        written = np.lib.format.open_memmap(path, "w+", np.float16, (total, GRID * GRID + 1, WIDTH))
        labels = np.empty((total, 4, 2), np.int64)
        for start in range(0, total, _BATCH):
            rows = np.arange(start, min(total, start + _BATCH))
            rng = np.random.default_rng((11, start))
            pixels, labels[rows] = shuffled(pool[0][rows], pool[1][rows], rng)
            inputs = normalised(torch.from_numpy(pixels).to(device))
            written[rows] = tower(inputs).last_hidden_state.half().cpu().numpy()
        written.flush()
        np.save(labels_path, labels)
        done.write_text(json.dumps({"count": total}))
    return np.load(path, mmap_mode="r"), np.load(labels_path)
