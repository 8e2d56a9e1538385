"""Questions about a scene, and their one right answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from .phrasing import worded
from .wordings import WORDINGS
from .world import COLORS, KINDS, Scene, Shape, column

COUNTS = ("zero", "one", "two", "three", "four")

# The kinds that the published accuracy counts, and how often training asks each kind.
KINDS_OF_QUESTION = ("color", "shape", "count", "total", "exists", "left_of", "describe")
WEIGHTS: Mapping[str, float] = {
    "color": 10,
    "shape": 10,
    "count": 13,
    "total": 6,
    "exists": 12,
    "left_of": 90,  # most scenes cannot be asked this: it comes out at one question in seven
    "describe": 26,
    "right_of": 15,
    "count_color": 3,
    "count_color_kind": 2,
    "exists_kind": 3,
    "exists_color": 3,
}

Wordings = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Question:
    """What is asked and what must be answered."""

    kind: str
    text: str
    answer: str
    compared: tuple[str, ...] = ()  # the two kinds of shape whose places are compared


def article(color: str) -> str:
    """The article before a colour's name."""
    return "an" if color[0] in "aeiou" else "a"


def described(scene: Scene) -> str:
    """`a red circle, a blue square`: by column from the left, then from the top."""
    return ", ".join(f"{article(shape.color)} {shape.color} {shape.kind}" for shape in scene.shapes)


def ask(scene: Scene, rng: Random) -> Question:
    """A random question that this scene settles, its kind drawn by the training weights."""
    kinds = list(WEIGHTS)
    while True:
        kind = rng.choices(kinds, weights=[WEIGHTS[name] for name in kinds])[0]
        question = ask_kind(kind, scene, rng)
        if question is not None:
            return question


def ask_kind(kind: str, scene: Scene, rng: Random, wordings: Wordings = WORDINGS) -> Question | None:
    """A random question of this kind; None when the scene does not settle one."""
    asked = _asked(kind, scene, rng)
    if asked is None:
        return None
    words, answer = asked
    compared = (words["one"], words["other"]) if "one" in words else ()
    return Question(kind, worded(wordings[kind], kind, words, rng), answer, compared)


Asked = tuple[dict[str, str], str]


def _asked(kind: str, scene: Scene, rng: Random) -> Asked | None:
    """The words to fill in and the answer; None when the scene does not settle such a question."""
    shapes = scene.shapes
    if kind == "describe":
        return {}, described(scene)
    if kind == "total":
        return {}, COUNTS[len(shapes)]
    if kind in ("left_of", "right_of"):
        return _beside(kind, scene, rng)
    if kind == "color":
        single = [s for s in shapes if len(scene.where(s.kind)) == 1]
        return _of_one(single, "color", rng)
    if kind == "shape":
        single = [s for s in shapes if sum(s.color == other.color for other in shapes) == 1]
        return _of_one(single, "kind", rng)
    about = _about(kind, shapes, rng)
    number = sum(_matches(kind, about, shape) for shape in shapes)
    return _words(about), ("yes" if number else "no") if kind.startswith("exists") else COUNTS[number]


def _of_one(single: list[Shape], attribute: str, rng: Random) -> Asked | None:
    if not single:
        return None
    shape = rng.choice(single)
    return _words(shape), getattr(shape, attribute)


def _beside(kind: str, scene: Scene, rng: Random) -> Asked | None:
    single = [k for k in KINDS if len(scene.where(k)) == 1]
    if len(single) < 2:
        return None
    one, other = rng.sample(single, 2)
    here, there = (column(scene.where(k)[0]) for k in (one, other))
    if here == there and rng.random() < 0.5:
        return None  # else two thirds of the answers would be "no"
    return {"one": one, "other": other}, "yes" if (
        here < there if kind == "left_of" else here > there
    ) else "no"


def _about(kind: str, shapes: list[Shape], rng: Random) -> Shape:
    """What to look for: often something that is there, else something near it, or anything."""
    present = rng.random() < (0.5 if kind.startswith("exists") else 0.7)
    about = rng.choice(shapes)
    for _ in range(20):
        if present == any(_matches(kind, about, shape) for shape in shapes):
            break
        near = rng.choice((about, rng.choice(shapes)))
        about = Shape(
            rng.choice((near.kind, rng.choice(KINDS))),
            rng.choice((near.color, rng.choice(shapes).color, rng.choice(COLORS))),
        )
    return about


def _matches(kind: str, about: Shape, shape: Shape) -> bool:
    if kind in ("count", "exists_kind"):
        return shape.kind == about.kind
    if kind in ("count_color", "exists_color"):
        return shape.color == about.color
    return shape == about


def _words(shape: Shape) -> dict[str, str]:
    return {"kind": shape.kind, "kinds": f"{shape.kind}s", "color": shape.color, "a": article(shape.color)}
