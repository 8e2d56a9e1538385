"""Many pictures go through the vision model a few at a time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.bench import Bench


def test_more_pictures_than_a_group(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    vision = bench.model.vision_model
    forward = vision.forward
    groups: list[int] = []

    def count(pixel_values: Any, **rest: Any) -> Any:
        groups.append(len(pixel_values))
        return forward(pixel_values=pixel_values, **rest)

    requests = [bench.request([5], image=200 + n, max_new_tokens=3) for n in range(9)]
    monkeypatch.setattr(vision, "forward", count)
    replies = bench.run(*requests)
    monkeypatch.undo()
    assert groups == [4, 4, 1]
    for request in requests:
        assert bench.unpadded(replies, request) == bench.judged(request)
