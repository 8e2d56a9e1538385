"""Draws scenes for training, with as much variety as other people's programs may show."""

from __future__ import annotations

import io
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .geometry import outline
from .palette import RGB, background, shade_on
from .world import QUADRANTS, Scene, Shape, column, row


def render(scene: Scene, rng: Random) -> Image.Image:
    """An RGB picture of the scene; its size, colours, drawing style and compression are drawn from `rng`."""
    width, height = _picture_size(rng)
    factor = rng.choice((2, 3)) if width * height < 300_000 and rng.random() < 0.5 else 1
    ground = background(rng)
    canvas = Image.new("RGB", (width * factor, height * factor), ground)
    draw = ImageDraw.Draw(canvas)
    scale = _Scale(rng)
    for quadrant in QUADRANTS:
        shape = scene.quadrants[quadrant]
        if shape is not None:
            _draw_shape(draw, shape, quadrant, canvas.size, ground, scale, rng)
    if factor > 1:
        canvas = canvas.resize((width, height), rng.choice((Image.Resampling.BOX, Image.Resampling.LANCZOS)))
    return _worn(canvas, rng)


class _Scale:
    """Sizes of shapes relative to their quadrant: alike within a picture, or all over the range."""

    def __init__(self, rng: Random) -> None:
        self._common = rng.uniform(0.25, 0.96) if rng.random() < 0.3 else None
        self._centred = rng.random() < 0.3
        self.outlined = rng.random() < 0.3

    def size(self, rng: Random) -> float:
        return self._common if self._common is not None else rng.uniform(0.25, 0.96)

    def offset(self, rng: Random) -> float:
        return 0.5 if self._centred else rng.random()


def _picture_size(rng: Random) -> tuple[int, int]:
    side = rng.choice((64, 96, 128, 224, 224, 256, 300, 400)) if rng.random() < 0.5 else rng.randint(64, 448)
    if rng.random() < 0.07:
        side = rng.randint(448, 1024)
    if rng.random() < 0.5:
        return side, side
    return side, max(64, min(1024, round(side * rng.uniform(0.6, 1.6))))


def _draw_shape(
    draw: ImageDraw.ImageDraw,
    shape: Shape,
    quadrant: int,
    size: tuple[int, int],
    ground: RGB,
    scale: _Scale,
    rng: Random,
) -> None:
    half_width, half_height = size[0] / 2, size[1] / 2
    extent = scale.size(rng) * min(half_width, half_height)
    points = outline(rng, shape.kind)
    span_x = extent * (max(x for x, _ in points) * 2)
    span_y = extent * (max(y for _, y in points) * 2)
    middle_x = column(quadrant) * half_width + span_x / 2 + scale.offset(rng) * (half_width - span_x)
    middle_y = row(quadrant) * half_height + span_y / 2 + scale.offset(rng) * (half_height - span_y)
    fill = shade_on(rng, shape.color, ground)
    placed = [(middle_x + x * extent, middle_y + y * extent) for x, y in points]
    draw.polygon(placed, fill=fill)
    if scale.outlined:
        line = max(1, round(extent * rng.uniform(0.01, 0.045)))
        draw.line([*placed, placed[0]], fill=_outline_color(fill, rng), width=line, joint="curve")


def _outline_color(fill: RGB, rng: Random) -> RGB:
    darker = (fill[0] * 6 // 10, fill[1] * 6 // 10, fill[2] * 6 // 10)
    return rng.choice(((0, 0, 0), (0, 0, 0), (51, 51, 51), darker, darker, (128, 128, 128), (255, 255, 255)))


def _worn(picture: Image.Image, rng: Random) -> Image.Image:
    """Blur, noise, uneven light and JPEG artefacts, each now and then."""
    if rng.random() < 0.12:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.012 * min(picture.size))))
    if rng.random() < 0.2:
        picture = _noisy(picture, rng)
    if rng.random() < 0.35:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=rng.randint(40, 95))
        picture = Image.open(buffer).convert("RGB")
    return picture


def _noisy(picture: Image.Image, rng: Random) -> Image.Image:
    pixels = np.asarray(picture, np.float32)  # [H, W, 3]
    noise = np.random.default_rng(rng.getrandbits(32))
    light = np.linspace(1, rng.uniform(0.93, 1), pixels.shape[rng.randint(0, 1)], dtype=np.float32)
    shaped = light[:, None, None] if len(light) == pixels.shape[0] else light[None, :, None]
    pixels = pixels * shaped + noise.normal(0, rng.uniform(0.5, 6), pixels.shape).astype(np.float32)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
