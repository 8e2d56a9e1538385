"""What the eight colour names mean in pixels, and which backgrounds they stand on."""

from __future__ import annotations

import colorsys
from random import Random

RGB = tuple[int, int, int]
Range = tuple[float, float]

# Hue in degrees (negative wraps), saturation and value in 0..1. Neighbouring names leave a gap between them.
HSV_RANGES: dict[str, tuple[Range, Range, Range]] = {
    "red": ((-13, 9), (0.68, 1), (0.55, 1)),
    "orange": ((20, 40.5), (0.72, 1), (0.86, 1)),
    "yellow": ((47, 64), (0.60, 1), (0.86, 1)),
    "green": ((85, 156), (0.45, 1), (0.36, 1)),
    "blue": ((200, 246), (0.55, 1), (0.45, 1)),
    "purple": ((262, 308), (0.45, 1), (0.45, 0.95)),
    "black": ((0, 360), (0, 0.4), (0, 0.16)),
    "gray": ((0, 360), (0, 0.12), (0.36, 0.68)),
}

# Shades that programs and stylesheets commonly use under these names.
COMMON: dict[str, tuple[RGB, ...]] = {
    "red": (
        (255, 0, 0),
        (220, 20, 60),
        (200, 0, 0),
        (178, 34, 34),
        (231, 76, 60),
        (214, 39, 40),
        (229, 57, 53),
    ),
    "orange": ((255, 165, 0), (255, 140, 0), (230, 126, 34), (255, 127, 14), (243, 156, 18), (255, 120, 0)),
    "yellow": ((255, 255, 0), (255, 215, 0), (241, 196, 15), (255, 235, 59), (230, 210, 0), (255, 221, 51)),
    "green": (
        (0, 128, 0),
        (0, 255, 0),
        (34, 139, 34),
        (46, 204, 113),
        (50, 205, 50),
        (44, 160, 44),
        (0, 100, 0),
    ),
    "blue": (
        (0, 0, 255),
        (30, 144, 255),
        (65, 105, 225),
        (31, 119, 180),
        (52, 152, 219),
        (0, 0, 139),
        (0, 0, 205),
    ),
    "purple": ((128, 0, 128), (138, 43, 226), (155, 89, 182), (148, 103, 189), (160, 32, 240), (75, 0, 130)),
    "black": ((0, 0, 0), (0, 0, 0), (20, 20, 20), (30, 30, 30), (10, 10, 16), (38, 38, 38)),
    "gray": (
        (128, 128, 128),
        (105, 105, 105),
        (169, 169, 169),
        (149, 165, 166),
        (120, 120, 120),
        (112, 128, 144),
    ),
}

BACKGROUNDS: tuple[RGB, ...] = (
    (255, 255, 255),
    (250, 250, 250),
    (245, 245, 245),
    (248, 248, 255),
    (255, 250, 240),
    (255, 253, 208),
    (245, 245, 220),
    (240, 240, 240),
    (224, 224, 224),
    (211, 211, 211),
    (240, 248, 255),
    (220, 235, 250),
    (173, 216, 230),
    (230, 230, 250),
    (255, 228, 225),
    (255, 192, 203),
    (232, 245, 233),
)

MIN_CONTRAST = 75.0


def _distance(a: RGB, b: RGB) -> float:
    return float(sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5)


def _from_hsv(hue: float, saturation: float, value: float) -> RGB:
    red, green, blue = colorsys.hsv_to_rgb((hue % 360) / 360, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _jitter(rng: Random, color: RGB, spread: int) -> RGB:
    red, green, blue = (min(255, max(0, channel + rng.randint(-spread, spread))) for channel in color)
    return red, green, blue


def shade(rng: Random, name: str) -> RGB:
    """A random pixel value that goes by this colour name."""
    draw = rng.random()
    if draw < 0.35:
        return rng.choice(COMMON[name])
    if draw < 0.55:
        return _jitter(rng, rng.choice(COMMON[name]), 8)
    hue, saturation, value = (rng.uniform(low, high) for low, high in HSV_RANGES[name])
    return _from_hsv(hue, saturation, value)


def background(rng: Random) -> RGB:
    """White in a third of the cases, else some light colour."""
    draw = rng.random()
    if draw < 0.33:
        return (255, 255, 255)
    if draw < 0.66:
        return _jitter(rng, rng.choice(BACKGROUNDS), 4)
    return _from_hsv(rng.uniform(0, 360), rng.uniform(0, 0.16), rng.uniform(0.86, 1))


def shade_on(rng: Random, name: str, ground: RGB) -> RGB:
    """A shade of this name that stands out from the background."""
    for _ in range(50):
        color = shade(rng, name)
        if _distance(color, ground) >= MIN_CONTRAST:
            return color
    return COMMON[name][0]
