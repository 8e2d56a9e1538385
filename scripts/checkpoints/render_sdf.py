"""A second renderer, for evaluation only: signed distances on the pixel grid instead of filled polygons.

It shares nothing with the training renderer but the meaning of a scene: its own colours, backgrounds, sizes,
outlines and geometry conventions stand in for pictures that other people's programs draw.
"""

from __future__ import annotations

import io
import math
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .world import Scene, Shape, column, row

Plane = NDArray[np.float64]
Vertices = list[tuple[float, float]]

_BASES: dict[str, tuple[tuple[int, int, int], ...]] = {
    "red": ((255, 0, 0), (230, 0, 0), (220, 20, 60)),
    "green": ((0, 128, 0), (0, 255, 0), (0, 170, 0)),
    "blue": ((0, 0, 255), (0, 0, 205), (30, 100, 255)),
    "yellow": ((255, 255, 0), (255, 225, 0)),
    "purple": ((128, 0, 128), (150, 30, 190)),
    "orange": ((255, 165, 0), (255, 140, 0)),
    "black": ((0, 0, 0), (0, 0, 0)),
    "gray": ((128, 128, 128), (128, 128, 128)),
}
_GROUNDS = (
    (255, 255, 255),
    (255, 255, 255),
    (252, 252, 250),
    (255, 251, 235),
    (235, 235, 235),
    (220, 220, 220),
    (225, 238, 255),
    (255, 232, 238),
)


def render_sdf(scene: Scene, rng: Random) -> Image.Image:
    """An RGB picture of the scene."""
    width, height = rng.choice(
        (
            (64, 64),
            (96, 96),
            (128, 128),
            (200, 200),
            (224, 224),
            (256, 256),
            (320, 240),
            (240, 320),
            (512, 384),
            (640, 640),
        )
    )
    ys, xs = np.mgrid[0:height, 0:width] + 0.5  # [H, W] pixel centres
    ground = rng.choice(_GROUNDS)
    pixels = np.broadcast_to(np.array(ground, np.float64), (height, width, 3)).copy()  # [H, W, 3]
    edge = rng.choice((0.0, 0.5, 0.5, 1.0))  # half the width of the antialiased rim in pixels; 0 is aliased
    outlined = rng.random() < 0.3
    for quadrant, shape in enumerate(scene.quadrants):
        if shape is None:
            continue
        cell = min(width, height) / 2
        radius = cell * rng.uniform(0.14, 0.46)
        left, top = column(quadrant) * width / 2, row(quadrant) * height / 2
        middle_x = left + rng.uniform(radius + 1, width / 2 - radius - 1)
        middle_y = top + rng.uniform(radius + 1, height / 2 - radius - 1)
        distance = _distance(shape, xs - middle_x, ys - middle_y, radius, rng)  # [H, W]
        _paint(pixels, distance, np.array(_fill(shape.color, rng)), edge)
        if outlined:
            line = max(1.0, radius * rng.uniform(0.02, 0.08))
            _paint(pixels, np.abs(distance + line / 2) - line / 2, np.zeros(3), edge)
    return _stored(Image.fromarray(np.round(pixels).astype(np.uint8)), rng)


def _fill(color: str, rng: Random) -> list[float]:
    """A base colour, mixed with a little white or black."""
    base, toward, share = (
        rng.choice(_BASES[color]),
        rng.choice((0, 255)),
        rng.choice((0.0, rng.uniform(0, 0.2))),
    )
    if color in ("black", "yellow", "orange"):  # darker ones go by other names, lighter blacks do as well
        share, toward = share / 2, 255
    return [channel * (1 - share) + toward * share for channel in base]


def _paint(pixels: NDArray[np.float64], distance: Plane, color: NDArray[np.float64], edge: float) -> None:
    cover = (distance < 0).astype(np.float64) if edge == 0 else np.clip(0.5 - distance / (2 * edge), 0, 1)
    pixels += cover[..., None] * (color - pixels)


def _distance(shape: Shape, x: Plane, y: Plane, radius: float, rng: Random) -> Plane:
    """Distance [H, W] to the shape's edge, negative inside; the shape fits into a circle of this radius."""
    if shape.kind == "circle":
        return np.asarray(np.hypot(x, y) - radius)
    tilt = rng.choice((0.0, 0.0, math.radians(rng.uniform(-15, 15))))
    if shape.kind == "square":
        u, v = x * math.cos(tilt) + y * math.sin(tilt), y * math.cos(tilt) - x * math.sin(tilt)
        return np.asarray(np.maximum(np.abs(u), np.abs(v)) - radius / math.sqrt(2))
    if shape.kind == "triangle":
        spread = rng.choice((120.0, 120.0, rng.uniform(100, 140)))  # degrees from the apex to either foot
        return _polygon(x, y, [_polar(radius, tilt + math.radians(a)) for a in (0, spread, -spread)])
    inner = rng.uniform(0.35, 0.55)
    return _polygon(
        x, y, [_polar(radius * (inner if i % 2 else 1), tilt + i * math.pi / 5) for i in range(10)]
    )


def _polar(radius: float, angle: float) -> tuple[float, float]:
    return radius * math.sin(angle), -radius * math.cos(angle)


def _polygon(x: Plane, y: Plane, vertices: Vertices) -> Plane:
    """Distance to the nearest edge, signed by the even-odd rule."""
    nearest, inside = np.full(x.shape, np.inf), np.zeros(x.shape, bool)
    for (ax, ay), (bx, by) in zip(vertices, [*vertices[1:], vertices[0]], strict=True):
        ex, ey = bx - ax, by - ay
        along = np.clip(((x - ax) * ex + (y - ay) * ey) / (ex * ex + ey * ey), 0, 1)
        nearest = np.minimum(nearest, np.hypot(x - ax - along * ex, y - ay - along * ey))
        if ey != 0:
            inside ^= ((ay > y) != (by > y)) & (x < ax + (y - ay) * ex / ey)
    return np.where(inside, -nearest, nearest)


def _stored(picture: Image.Image, rng: Random) -> Image.Image:
    """As it comes back from a file: half of the time from a JPEG."""
    if rng.random() < 0.5:
        return picture
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=rng.choice((50, 75, 90)))
    return Image.open(buffer).convert("RGB")
