"""The rendered training pictures, in one memory-mapped file."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .render import render
from .world import Scene, random_scene

SIDE = 224
TRAINING_SEEDS = 1_000_000_000  # a training picture's seed lies at or above this, a held-out one's below
_SHARD = 512

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]


def picture_of(seed: int) -> tuple[Scene, Image.Image]:
    """The scene and the picture that a seed stands for."""
    rng = Random(seed)
    scene = random_scene(rng)
    return scene, render(scene, rng)


def squashed(picture: Image.Image) -> Pixels:
    """[224, 224, 3]: what the checkpoint's image processor makes of a picture, before rescaling."""
    return np.asarray(picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.uint8)


def _shard(first: int, count: int) -> tuple[Pixels, Labels]:
    pixels = np.empty((count, SIDE, SIDE, 3), np.uint8)
    labels = np.empty((count, 4, 2), np.int64)
    for i in range(count):
        scene, picture = picture_of(TRAINING_SEEDS + first + i)
        pixels[i], labels[i] = squashed(picture), scene.labels()
    return pixels, labels


def picture_pool(work: Path, count: int, processes: int = 2) -> tuple[Pixels, Labels]:
    """([N, 224, 224, 3], [N, 4, 2]) read from `work`, or rendered there first."""
    done, pixels_path, labels_path = work / "pool.json", work / "pool.npy", work / "labels.npy"
    if not done.exists() or json.loads(done.read_text())["count"] != count:
        pixels = np.lib.format.open_memmap(pixels_path, "w+", np.uint8, (count, SIDE, SIDE, 3))
        labels = np.empty((count, 4, 2), np.int64)
        starts = range(0, count, _SHARD)
        sizes = [min(_SHARD, count - start) for start in starts]
        with ProcessPoolExecutor(processes) as workers:
            for start, size, shard in zip(starts, sizes, workers.map(_shard, starts, sizes), strict=True):
                pixels[start : start + size], labels[start : start + size] = shard
        pixels.flush()
        np.save(labels_path, labels)
        done.write_text(json.dumps({"count": count}))
    return np.load(pixels_path, mmap_mode="r"), np.load(labels_path)
