"""InstructBLIP before its language model, over the pictures and texts of requests.

``InstructBlipForConditionalGeneration.generate`` would run all stages at once. Apart, each has its own batch:
a picture's features serve every question about it, and texts are padded on the side that each stage needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from .feature_cache import FeatureCache
from .pixels import PixelNormaliser, picture_size
from .protocol import TensorFrame
from .request import Picture
from .stages import Prompt, Stages

_TOGETHER = 4
"""Pictures in one run of the vision model: its time per picture hardly falls beyond."""


class Pipeline:
    """The stages before the language model. All run under ``torch.inference_mode``."""

    def __init__(
        self, model: Any, normalise: PixelNormaliser, cache: FeatureCache, pad_token_id: int
    ) -> None:
        self.stages = Stages(model, pad_token_id)
        """What it runs, one by one."""
        self._normalise = normalise
        self._cache = cache

    def recall(self, pictures: Sequence[Picture]) -> None:
        """Give pictures the features that became known since their requests came."""
        for picture in pictures:
            if picture.features is None:
                picture.features = self._cache.recall(picture.digest)

    def see(self, pictures: Sequence[Picture], on_group: Callable[[], None]) -> None:
        """Give every picture its features [1, P, H]; each different one is computed once.

        ``on_group`` is called now and then on the way: many large pictures take a CPU minutes.
        """
        unseen = {picture.digest: picture for picture in pictures if picture.features is None}
        shown = [(picture, picture.frame) for picture in unseen.values() if picture.frame is not None]
        for group in _groups(shown):
            # [G, 3, S, S] -> [G, P, H]
            pixels = self._normalise([frame for _, frame in group])
            # Without effect on pictures of the model's own size.
            features = self.stages.see(pixels, interpolate=group[0][0].interpolate)
            for row, (picture, _) in enumerate(group):
                # A copy: a view would keep the whole group alive for as long as one picture is cached.
                picture.features = features[row : row + 1].clone()
                self._cache.add(picture.digest, picture.features)
            on_group()
        for picture in pictures:
            if picture.features is None:
                picture.features = unseen[picture.digest].features

    def features(
        self, frames: Sequence[TensorFrame], on_group: Callable[[], None], *, interpolate: bool
    ) -> tuple[torch.Tensor, bool]:
        """Features [B, P, H] of B pictures of one size, and whether all were known before."""
        pictures = []
        for frame in frames:
            digest = frame.content_hash()
            pictures.append(self._cache.get(digest) or Picture(digest, frame, interpolate=interpolate))
        known = all(picture.features is not None for picture in pictures)
        self.see(pictures, on_group)
        return torch.cat([picture.features for picture in pictures if picture.features is not None]), known

    def query(self, pictures: Sequence[Picture], questions: Sequence[list[int]]) -> torch.Tensor:
        """What the pictures say to the questions: [B, Q, D], in the language model's width."""
        return self.stages.query(_stack(pictures), questions)

    def prompt(self, queries: torch.Tensor, prompts: Sequence[list[int]]) -> Prompt:
        """Queries [B, Q, D] and prompts as one batch of embeddings, padded as the language model wants it."""
        return self.stages.prompt(queries, prompts)


def _stack(pictures: Sequence[Picture]) -> torch.Tensor:
    """[B, P, H], or [1, P, H] when all ask about one picture: the Q-Former broadcasts it."""
    features = [picture.features for picture in pictures if picture.features is not None]
    if len({picture.digest for picture in pictures}) == 1:
        features = features[:1]
    return torch.cat(features)


def _groups(shown: list[tuple[Picture, TensorFrame]]) -> Iterator[list[tuple[Picture, TensorFrame]]]:
    """Pictures of one size, a few at a time."""
    by_size: dict[tuple[int, int], list[tuple[Picture, TensorFrame]]] = {}
    for picture, frame in shown:
        by_size.setdefault(picture_size(frame), []).append((picture, frame))
    for alike in by_size.values():
        for start in range(0, len(alike), _TOGETHER):
            yield alike[start : start + _TOGETHER]
