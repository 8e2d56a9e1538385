"""Draws the demo pictures: `python -m scripts.checkpoints.pictures --out examples/pictures`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from random import Random

from .questions import described
from .render import render
from .world import Scene, Shape

_HELD_OUT = 400_000_000  # below every training seed, and apart from the evaluation's


@dataclass(frozen=True)
class Demo:
    """A picture to draw."""

    file: str
    scene: Scene
    seed: int


_THREE = Scene((Shape("circle", "red"), None, Shape("square", "blue"), Shape("star", "green")))
_STARS = Scene(
    (Shape("star", "yellow"), Shape("star", "purple"), Shape("star", "orange"), Shape("circle", "gray"))
)
_PAIR = Scene((None, Shape("triangle", "orange"), Shape("triangle", "black"), None))
_ALONE = Scene((None, None, None, Shape("square", "purple")))

DEMOS = (
    Demo("three.png", _THREE, 2),
    Demo("stars.jpg", _STARS, 102),
    Demo("pair.png", _PAIR, 206),
    Demo("alone.jpg", _ALONE, 304),
)

_INTRODUCTION = """# Demo pictures

Drawn by `python -m scripts.checkpoints.pictures` in the world that the bundled checkpoints know, with seeds
that their training never used. They are part of this project and under its licence.

| file | size | shows |
|---|---|---|
"""


def main() -> None:
    """Draws every demo and writes the folder's README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("examples/pictures"), help="folder to draw into")
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for demo in DEMOS:
        picture = render(demo.scene, Random(_HELD_OUT + demo.seed))
        picture.save(folder / demo.file, quality=90)
        rows.append(f"| `{demo.file}` | {picture.width} x {picture.height} | {described(demo.scene)} |")
    (folder / "README.md").write_text(_INTRODUCTION + "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
