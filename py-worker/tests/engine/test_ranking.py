"""Ranking: how likely each candidate is, against the losses of transformers' own forward pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from instructblip_worker.decoding import scoring
from instructblip_worker.errors import RequestError
from tests.engine.bench import Bench
from tests.engine.candidates import CANDIDATES, ask, losses
from tests.engine.figures import Figures


@pytest.mark.parametrize("together", [32, 4, 1])
def test_sums_are_the_losses_of_transformers(
    bench: Bench, figures: Figures, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    monkeypatch.setattr(scoring, "_ROWS", together)
    request = ask(CANDIDATES, image=2)
    ours = bench.run(request).tensors[request.request_id]["log_probs"]
    assert ours.shape == (len(CANDIDATES), 12)
    assert figures.apart("log_probs of candidates", -ours.sum(axis=1), losses(bench, request)) < 1e-3
    for row, candidate in zip(ours, CANDIDATES, strict=True):
        assert not row[len(candidate) :].any()


def test_an_answer_scores_as_it_did_when_it_was_made(bench: Bench) -> None:
    made = bench.request([5, 6, 7], [8, 9], 1, log_probs=True)
    replies = bench.run(made)
    tokens = replies.sequences(made)[0][1:]
    request = ask([tokens])
    ours = bench.run(request).tensors[request.request_id]["log_probs"]
    np.testing.assert_allclose(ours, replies.tensors[made.request_id]["log_probs"], rtol=1e-4, atol=1e-5)


def test_the_picture_and_the_prompt_are_read_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    vision, queries = _Counted(bench.model.vision_model), _Counted(bench.model.qformer)
    bench.engine.forget_pictures()
    with monkeypatch.context() as patch:
        vision.watch(patch)
        queries.watch(patch)
        result = bench.run(request := ask(CANDIDATES * 20)).results[request.request_id]
    assert (vision.runs, queries.runs) == (1, 1)
    assert not result.image_cached
    assert set(result.timings) == {"queue", "vision", "qformer", "score", "total"}


def test_a_cancelled_request_stops_between_two_passes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "_ROWS", 1)
    request = ask(CANDIDATES * 50)
    steps: list[int] = []

    def cancel(step: int, outbox: Any, registry: Any) -> None:
        steps.append(step)
        if step == 5:
            outbox.error(request, RequestError("CANCELLED", "The caller gave up."))

    replies = bench.run(request, at_step=cancel)
    assert replies.errors[request.request_id].code == "CANCELLED"
    assert len(steps) <= 6


@pytest.mark.parametrize(
    "candidates", [[[1408]], [[-2, 5]], [[5], []], [[5]] * 1025], ids=["above", "below", "empty", "many"]
)
def test_candidates_that_cannot_be_scored_are_refused(bench: Bench, candidates: list[list[int]]) -> None:
    with pytest.raises(RequestError) as refused:
        bench.engine.check(ask(candidates))
    assert (refused.value.code, refused.value.path) == ("INVALID_ARGUMENT", "candidates")


def test_candidates_beyond_the_context_are_refused(bench: Bench) -> None:
    request = ask([[5] * 2100])
    if bench.facts.context_length is None:
        bench.engine.check(request)
    else:
        with pytest.raises(RequestError, match="2048 positions"):
            bench.engine.check(request)


class _Counted:
    """How often a part of the model runs."""

    def __init__(self, part: Any) -> None:
        self._part = part
        self._forward = part.forward
        self.runs = 0

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Count from now on."""
        patch.setattr(self._part, "forward", self._run)

    def _run(self, *arguments: Any, **named: Any) -> Any:
        self.runs += 1
        return self._forward(*arguments, **named)
