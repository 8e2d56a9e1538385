"""Every option, alone and with others, in batches of mixed prompts, gives transformers' tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from instructblip_worker.protocol import GenerateOptions
from instructblip_worker.request import GenerateRequest
from tests.engine.bench import Bench, Replies
from tests.engine.figures import Figures
from tests.engine.option_sets import LENGTH, Options, option_sets
from tests.engine.oracle import Oracle

Question = tuple[list[int], list[int], int]
# Prompts of several lengths about two pictures, one of them asked about twice.
QUESTIONS: list[Question] = [
    ([5, 6, 7], [8, 9], 1),
    ([11, 12, 13, 14, 15, 16, 17, 18, 19], [10, 11, 12, 13, 14], 2),
    ([31, 32, 33, 34, 35], [16, 17, 18, 19, 20, 21, 22, 23], 1),
]
SETS = option_sets()
GROUPS = 24
"""Sets are tried a group at a time: a test for each would cost more than it."""


@pytest.fixture(scope="module")
def oracle(bench: Bench) -> Oracle:
    """transformers, over the same weights."""
    return Oracle(bench)


def test_the_grid_is_large_and_has_every_option() -> None:
    assert len(SETS) >= 300
    # What only adds tensors to an answer has tests of its own.
    elsewhere = {"output_hidden_states", "output_attentions"}
    assert {name for options in SETS for name in options} | elsewhere == set(
        GenerateOptions.__struct_fields__
    )


@pytest.mark.parametrize("group", range(GROUPS))
def test_a_batch_equals_its_requests_alone(
    bench: Bench, oracle: Oracle, figures: Figures, group: int
) -> None:
    failures = []
    for number in range(group, len(SETS), GROUPS):
        # Two prompts or three in turn.
        for request, replies in _answered(bench, SETS[number], QUESTIONS[number % 2 :]):
            wrong = _difference(bench, oracle, figures, request, replies)
            failures += [f"{SETS[number]}: {wrong}"] if wrong else []
    assert failures == []


def _answered(
    bench: Bench, options: Options, questions: list[Question]
) -> Iterator[tuple[GenerateRequest, Replies]]:
    """Each request of a set with its batch's replies."""
    requests = [
        bench.request(*question, **_converted(options, row)) for row, question in enumerate(questions)
    ]
    together = len({request.batch_key for request in requests}) == 1
    for batch in [requests] if together else [[request] for request in requests]:
        replies = bench.run(*batch)
        for request in batch:
            yield request, replies


def _difference(
    bench: Bench, oracle: Oracle, figures: Figures, request: GenerateRequest, replies: Replies
) -> str | None:
    """What an answer has otherwise than transformers'."""
    if request.request_id in replies.errors:
        return replies.errors[request.request_id].message
    output = oracle.generate(request)
    ours, theirs = bench.unpadded(replies, request), oracle.rows(request, output)
    if ours != theirs:
        return f"{ours} for {theirs}"
    tensors = replies.tensors[request.request_id]
    for name in set(tensors) & {"scores", "logits", "sequences_scores"}:
        expected = output[name]
        if name != "sequences_scores":
            expected = torch.stack(expected, dim=1)
        beams = getattr(output, "beam_indices", None)
        pair = (tensors[name], expected.numpy())
        if name != "sequences_scores" and beams is not None:
            pair = (_along(pair[0], beams), _along(pair[1], beams))
        elif name != "sequences_scores":
            pair = (_within(pair[0], ours), _within(pair[1], ours))
        apart = figures.apart(name, *pair)
        if apart > 1e-4:
            return f"{name} differ by {apart}"
    return None


def _within(scores: np.ndarray, rows: list[list[int]]) -> np.ndarray:
    """Of [rows, steps, V] those that tokens were chosen from: a row that is over has none."""
    return np.concatenate([of[: len(row) - 1] for of, row in zip(scores, rows, strict=True)])


def _along(scores: np.ndarray, beam_indices: torch.Tensor) -> np.ndarray:
    """Of [beams, steps, V] those that answers came from: the others go on as long as the batch."""
    return np.stack(
        [scores[beam, step] for row in beam_indices.tolist() for step, beam in enumerate(row) if beam >= 0]
    )


def _converted(options: Options, row: int) -> dict[str, Any]:
    """The set as a request has it: rows of a batch draw by seeds of their own, to lengths of their own."""
    own = dict(options)
    if own.get("seed", 1000) < 1000:
        own["seed"] += row
    if "max_new_tokens" not in own:
        alike = "num_beams" in own or "forced_eos_token_id" in own
        own["max_new_tokens"] = LENGTH + (0 if alike else row)
    shared = msgspec.convert(own, GenerateOptions)
    return msgspec.structs.asdict(shared)
