"""Outlines of the four kinds of shape, as polygons in a unit frame."""

from __future__ import annotations

import math
from random import Random

Point = tuple[float, float]


def _ring(count: int, radius: float, phase: float) -> list[Point]:
    step = 2 * math.pi / count
    return [(radius * math.sin(phase + i * step), -radius * math.cos(phase + i * step)) for i in range(count)]


def _star(inner: float) -> list[Point]:
    outer_ring, inner_ring = _ring(5, 1, 0), _ring(5, inner, math.pi / 5)
    return [point for pair in zip(outer_ring, inner_ring, strict=True) for point in pair]


def _triangle(rng: Random) -> list[Point]:
    draw = rng.random()
    if draw < 0.45:
        return _ring(3, 1, 0)
    height = rng.uniform(0.7, 1.4)
    if draw < 0.85:
        return [(0, -height), (1, height), (-1, height)]
    apex = rng.uniform(-1, 1)
    return [(apex, -height), (1, height), (-1, height)]


def _angle(rng: Random, straight: float, slight: float, limit: float) -> float:
    """Radians: none with probability `straight`, up to `limit` degrees with `slight`, else any."""
    draw = rng.random()
    if draw < straight:
        return 0.0
    return math.radians(rng.uniform(-limit, limit) if draw < straight + slight else rng.uniform(-180, 180))


def _rotated(points: list[Point], angle: float) -> list[Point]:
    sine, cosine = math.sin(angle), math.cos(angle)
    return [(x * cosine - y * sine, x * sine + y * cosine) for x, y in points]


def outline(rng: Random, kind: str) -> list[Point]:
    """A random polygon of this kind whose bounding box is centred on 0 and has a longer side of 1."""
    if kind == "circle":
        points = _ring(96, 1, 0)
    elif kind == "square":
        points = _rotated([(-1, -1), (1, -1), (1, 1), (-1, 1)], _angle(rng, 0.6, 0.35, 20))
    elif kind == "triangle":
        points = _rotated(_triangle(rng), _angle(rng, 0.6, 0.3, 25))
    else:
        points = _rotated(_star(rng.uniform(0.26, 0.66)), _angle(rng, 0.5, 0.3, 25))
    return _normalised(points)


def _normalised(points: list[Point]) -> list[Point]:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    middle_x, middle_y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    longest = max(max(xs) - min(xs), max(ys) - min(ys))
    return [((x - middle_x) / longest, (y - middle_y) / longest) for x, y in points]
