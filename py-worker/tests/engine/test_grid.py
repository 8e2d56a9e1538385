"""Every option, alone and with others, in batches of mixed prompts, gives transformers' tokens."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from instructblip_worker.protocol import GenerateOptions
from instructblip_worker.request import GenerateRequest
from tests.engine.bench import Bench, Replies
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
def test_a_batch_equals_its_requests_alone(bench: Bench, oracle: Oracle, group: int) -> None:
    failures = []
    for number in range(group, len(SETS), GROUPS):
        # Two prompts or three in turn.
        wrong = _differences(bench, oracle, SETS[number], QUESTIONS[number % 2 :])
        failures += [f"{SETS[number]}: {each}" for each in wrong]
    assert failures == []


def _differences(bench: Bench, oracle: Oracle, options: Options, questions: list[Question]) -> list[str]:
    """What one set's batch has otherwise than transformers."""
    requests = [
        bench.request(*question, **_converted(options, row)) for row, question in enumerate(questions)
    ]
    batches = [[request] for request in requests]
    if len({request.batch_key for request in requests}) == 1:
        batches = [requests]
    found: list[str] = []
    for batch in batches:
        replies = bench.run(*batch)
        for request in batch:
            if request.request_id in replies.errors:
                found.append(replies.errors[request.request_id].message)
            else:
                found += _compare(bench, oracle, request, replies)
    return found


def _compare(bench: Bench, oracle: Oracle, request: GenerateRequest, replies: Replies) -> list[str]:
    output = oracle.generate(request)
    ours, theirs = bench.unpadded(replies, request), oracle.rows(request, output)
    if ours != theirs:
        return [f"{ours} for {theirs}"]
    tensors = replies.tensors[request.request_id]
    for name in set(tensors) & {"scores", "logits"}:
        apart = _apart(tensors[name], getattr(output, name), getattr(output, "beam_indices", None))
        if apart > 1e-3:
            return [f"{name} differ by {apart}"]
    return []


def _apart(ours: np.ndarray, theirs: tuple[torch.Tensor, ...], beam_indices: torch.Tensor | None) -> float:
    """The largest difference of scores [rows, steps, V] where they are numbers.

    Of beams, those along the answers count: the others go on for as long as the batch does.
    """
    steps = torch.stack(theirs, dim=1).numpy()
    if beam_indices is None:
        return _largest(ours, steps)
    return max(
        _largest(ours[beam, step], steps[beam, step])
        for row in beam_indices.tolist()
        for step, beam in enumerate(row)
        if beam >= 0
    )


def _largest(ours: np.ndarray, theirs: np.ndarray) -> float:
    if not np.array_equal(np.isfinite(ours), np.isfinite(theirs)):
        return float("inf")
    finite = np.isfinite(theirs)
    return float(np.abs(ours[finite] - theirs[finite]).max(initial=0))


def _converted(options: Options, row: int) -> dict[str, Any]:
    """The set as a request has it: rows of a batch draw by seeds of their own."""
    own = dict(options)
    if "seed" in own:
        own["seed"] += row if own["seed"] < 1000 else 0
    own.setdefault("max_new_tokens", LENGTH)
    shared = msgspec.convert(own, GenerateOptions)
    return msgspec.structs.asdict(shared)
