"""Many pictures go through the vision model a few at a time."""

from __future__ import annotations

from tests.engine.bench import Bench


def test_more_pictures_than_a_group(bench: Bench) -> None:
    requests = [bench.request([5], image=200 + n, max_new_tokens=3) for n in range(9)]
    progress = bench.engine.gauges.progress
    replies = bench.run(*requests)
    for request in requests:
        assert bench.unpadded(replies, request) == bench.judged(request)
    steps = max(request.steps for request in requests)
    # Three groups of pictures, the Q-Former, and the steps of decoding.
    assert bench.engine.gauges.progress - progress == 3 + 1 + steps
