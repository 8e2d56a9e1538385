"""Pixels become what transformers' own processor makes of them, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from instructblip_worker.errors import RequestError
from instructblip_worker.pixels import PixelNormaliser, PixelSettings
from instructblip_worker.protocol import TensorFrame

CLIP = {
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "rescale_factor": 0.00392156862745098,
}


@pytest.mark.parametrize(
    "config",
    [
        CLIP,
        {},
        {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.1, 0.2, 0.3], "rescale_factor": 1 / 127.5},
        {**CLIP, "do_normalize": False},
        {**CLIP, "do_rescale": False},
    ],
)
def test_equal_to_transformers_for_every_value(config: dict[str, Any]) -> None:
    from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

    # Every byte in every channel, and noise.
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    pixels[:] = np.where(np.arange(3) == 0, pixels, np.arange(256, dtype=np.uint8).reshape(16, 16, 1))
    theirs = BlipImageProcessorPil(do_resize=False, **config)(images=pixels, return_tensors="np").pixel_values
    ours = PixelNormaliser(PixelSettings.of(config), 16)([TensorFrame.of(pixels)] * 2).numpy()
    assert ours.dtype == np.float32
    for picture in ours:
        np.testing.assert_array_equal(picture, theirs[0])


def test_normalised_pictures_pass_unchanged() -> None:
    pixels = np.random.default_rng(0).normal(size=(3, 8, 8)).astype(np.float32)
    normalise = PixelNormaliser(PixelSettings(), 8)
    frame = TensorFrame.of(pixels)
    normalise.check(frame, interpolate=False)
    np.testing.assert_array_equal(normalise([frame]).numpy()[0], pixels)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((8, 8, 4), dtype=np.uint8),
        np.zeros((3, 8, 8), dtype=np.uint8),
        np.zeros((8, 8, 3), dtype=np.float32),
        np.zeros((9, 8, 3), dtype=np.uint8),
        np.zeros((8, 8), dtype=np.uint8),
        np.zeros((1, 3, 8, 8), dtype=np.float32),
        np.full((3, 8, 8), np.nan, dtype=np.float32),
        np.full((3, 8, 8), np.inf, dtype=np.float32),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_other_pictures_are_refused(array: Any) -> None:
    with pytest.raises(RequestError) as caught:
        PixelNormaliser(PixelSettings(), 8).check(TensorFrame.of(array), interpolate=False)
    assert (caught.value.code, caught.value.path) == ("INVALID_ARGUMENT", "image")


def test_other_sizes_begin_with_a_patch() -> None:
    normalise = PixelNormaliser(PixelSettings(), 56, 28)
    normalise.check(TensorFrame.of(np.zeros((28, 40, 3), dtype=np.uint8)), interpolate=True)
    with pytest.raises(RequestError, match="28 to 224"):
        normalise.check(TensorFrame.of(np.zeros((27, 40, 3), dtype=np.uint8)), interpolate=True)
