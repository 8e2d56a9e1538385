"""Questions about pictures, drawn from seeds. Training never saw any below a billion."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from PIL import Image

from .questions import Question, Wordings, ask_kind
from .wordings import WORDINGS
from .world import Scene, random_scene

Renderer = Callable[[Scene, Random], Image.Image]
Case = tuple[Image.Image, Question]


def cases(
    kinds: tuple[str, ...], renderer: Renderer, count: int, first_seed: int, wordings: Wordings = WORDINGS
) -> list[Case]:
    """`count` questions, as many of each kind as of any other; every question has a picture of its own."""
    found: list[Case] = []
    seed = first_seed
    while len(found) < count:
        kind = kinds[len(found) % len(kinds)]
        rng = Random(seed)
        seed += 1
        scene = random_scene(rng)
        question = ask_kind(kind, scene, rng, wordings)
        if question is not None:
            found.append((renderer(scene, rng), question))
    return found
