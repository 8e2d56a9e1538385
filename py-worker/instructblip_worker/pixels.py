"""From bytes of colour to what the vision model expects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from .errors import invalid
from .protocol import TensorFrame

# OpenAI CLIP's statistics, which every InstructBLIP checkpoint uses.
_MEAN = (0.48145466, 0.4578275, 0.40821073)
_STD = (0.26862954, 0.26130258, 0.27577711)


_PATCH = 14
"""Of the published checkpoints, in pixels."""
_LARGEST = 4
"""Sides may be so many times the model's own."""


def picture_size(frame: TensorFrame) -> tuple[int, int]:
    """Height and width of u8 [H, W, 3] or f32 [3, H, W]."""
    height, width = frame.shape[:2] if frame.dtype == "u8" else frame.shape[1:]
    return height, width


@dataclass(frozen=True)
class PixelSettings:
    """The part of a checkpoint's ``preprocessor_config.json`` that concerns values, not size."""

    rescale_factor: float = 1 / 255
    do_rescale: bool = True
    do_normalize: bool = True
    mean: tuple[float, ...] = _MEAN
    std: tuple[float, ...] = _STD

    @classmethod
    def of(cls, config: dict[str, Any]) -> PixelSettings:
        """The settings of a configuration; what it leaves out is as every checkpoint has it."""
        return cls(
            rescale_factor=float(config.get("rescale_factor", cls.rescale_factor)),
            do_rescale=bool(config.get("do_rescale", True)),
            do_normalize=bool(config.get("do_normalize", True)),
            mean=tuple(config.get("image_mean") or _MEAN),
            std=tuple(config.get("image_std") or _STD),
        )


class PixelNormaliser:
    """Rescales and normalises, bit for bit as transformers' PIL processor does.

    That one multiplies in float64, casts to float32, and normalises in float32. A byte has 256 values, so the
    same arithmetic is done once for each, and pictures are looked up.
    """

    def __init__(self, settings: PixelSettings, size: int, patch: int = _PATCH) -> None:
        self._patch = patch
        self.size = size
        """Side of the square that the vision model was made for."""
        values = np.arange(256, dtype=np.uint8)
        scaled = (values.astype(np.float64) * settings.rescale_factor).astype(np.float32)
        if not settings.do_rescale:
            scaled = values.astype(np.float32)
        # [3, 256]
        table = np.stack([scaled] * 3)
        if settings.do_normalize:
            mean = np.array(settings.mean, dtype=np.float32)[:, None]
            std = np.array(settings.std, dtype=np.float32)[:, None]
            table = (table - mean) / std
        self._table: npt.NDArray[np.float32] = table

    def check(self, frame: TensorFrame, *, interpolate: bool) -> None:
        """Refuse a picture of another kind or size; ``interpolate`` allows sizes that are not the model's."""
        self._check("image", frame, frame.shape, "", interpolate=interpolate)

    def check_batch(self, frame: TensorFrame, *, interpolate: bool) -> None:
        """The same for ``pixel_values``: u8 [B, H, W, 3], or f32 [B, 3, H, W]."""
        shape = frame.shape[1:] if frame.shape[:1] != (0,) else ()
        self._check("pixel_values", frame, shape, "B, ", interpolate=interpolate)

    def _check(
        self, name: str, frame: TensorFrame, picture: tuple[int, ...], batch: str, *, interpolate: bool
    ) -> None:
        size = self.size
        # Memory for attention grows with the fourth power of a side.
        least, most = (self._patch, _LARGEST * size) if interpolate else (size, size)
        channel = 2 if frame.dtype == "u8" else 0
        alike = frame.dtype in ("u8", "f32") and len(picture) == 3 and picture[channel] == 3
        sides = [side for axis, side in enumerate(picture) if axis != channel]
        if not alike or not all(least <= side <= most for side in sides):
            height, width = ("H", "W") if interpolate else (size, size)
            wanted = f"u8 [{batch}{height}, {width}, 3] or f32 [{batch}3, {height}, {width}]"
            if interpolate:
                wanted += f" with sides from {least} to {most}"
            raise invalid(name, wanted, f"{frame.dtype} {list(frame.shape)}")
        if frame.dtype == "f32" and not np.isfinite(frame.numpy()).all():
            raise invalid(name, "finite everywhere", "NaN or infinite somewhere")

    def __call__(self, frames: Sequence[TensorFrame]) -> torch.Tensor:
        """f32 [B, 3, H, W] of pictures of one size that are u8 [H, W, 3] or normalised already."""
        height, width = picture_size(frames[0])
        batch = np.empty((len(frames), 3, height, width), dtype=np.float32)
        for picture, frame in zip(batch, frames, strict=True):
            pixels = frame.numpy()
            if frame.dtype == "f32":
                picture[:] = pixels
                continue
            for channel in range(3):
                np.take(self._table[channel], pixels[:, :, channel], out=picture[channel], mode="clip")
        return torch.from_numpy(batch)
