"""The world: one to four coloured shapes, at most one in each quadrant of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

KINDS = ("circle", "square", "triangle", "star")
COLORS = ("red", "green", "blue", "yellow", "purple", "orange", "black", "gray")

# Quadrants are numbered by column from the left, then by row from the top; descriptions follow this order.
TOP_LEFT, BOTTOM_LEFT, TOP_RIGHT, BOTTOM_RIGHT = range(4)
QUADRANTS = (TOP_LEFT, BOTTOM_LEFT, TOP_RIGHT, BOTTOM_RIGHT)


def column(quadrant: int) -> int:
    """0 for the left half, 1 for the right half."""
    return quadrant // 2


def row(quadrant: int) -> int:
    """0 for the upper half, 1 for the lower half."""
    return quadrant % 2


@dataclass(frozen=True)
class Shape:
    """What a quadrant holds."""

    kind: str
    color: str


@dataclass(frozen=True)
class Scene:
    """The four quadrants, in description order; an empty one is None."""

    quadrants: tuple[Shape | None, Shape | None, Shape | None, Shape | None]

    @property
    def shapes(self) -> list[Shape]:
        """The shapes, in description order."""
        return [shape for shape in self.quadrants if shape is not None]

    def where(self, kind: str) -> list[int]:
        """The quadrants that hold a shape of this kind."""
        return [q for q in QUADRANTS if (shape := self.quadrants[q]) is not None and shape.kind == kind]

    def labels(self) -> list[tuple[int, int]]:
        """(kind, color) class of each quadrant; the class after the last name stands for "empty"."""
        return [
            (len(KINDS), len(COLORS))
            if shape is None
            else (KINDS.index(shape.kind), COLORS.index(shape.color))
            for shape in self.quadrants
        ]


def scene_of(labels: list[tuple[int, int]]) -> Scene:
    """The inverse of :meth:`Scene.labels`."""
    a, b, c, d = (None if k == len(KINDS) else Shape(KINDS[k], COLORS[c]) for k, c in labels)
    return Scene((a, b, c, d))


def random_scene(rng: Random) -> Scene:
    """One to four shapes; repeated kinds and colours are likelier than chance, so that counting matters."""
    count = rng.choices((1, 2, 3, 4), weights=(3, 5, 6, 6))[0]
    quadrants: list[Shape | None] = [None] * 4
    placed: list[Shape] = []
    for quadrant in rng.sample(QUADRANTS, count):
        kind = rng.choice(placed).kind if placed and rng.random() < 0.25 else rng.choice(KINDS)
        color = rng.choice(placed).color if placed and rng.random() < 0.2 else rng.choice(COLORS)
        shape = Shape(kind, color)
        placed.append(shape)
        quadrants[quadrant] = shape
    a, b, c, d = quadrants
    return Scene((a, b, c, d))
