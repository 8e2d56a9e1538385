"""Prompt lookup: greedy decoding in fewer steps."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.engine.bench import Bench

REPETITIVE: dict[str, Any] = {"max_new_tokens": 30, "min_new_tokens": 30}


def _runs(bench: Bench, monkeypatch: pytest.MonkeyPatch, **options: Any) -> tuple[list[int], int]:
    """An answer, and how often the head was run for it."""
    runs: list[int] = []
    head = bench.model.language_model.lm_head
    forward = head.forward

    def counted(hidden: torch.Tensor) -> torch.Tensor:
        runs.append(hidden.shape[1])
        scores: torch.Tensor = forward(hidden)
        return scores

    request = bench.request([5, 6, 7], [8, 9], 2, **options)
    with monkeypatch.context() as patch:
        patch.setattr(head, "forward", counted)
        answer = bench.run(request).sequences(request)[0]
    return answer, len(runs)


def test_it_says_the_same_in_fewer_steps(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, steps = _runs(bench, monkeypatch, **REPETITIVE)
    guessed, fewer = _runs(bench, monkeypatch, **REPETITIVE, prompt_lookup_num_tokens=5)
    assert guessed == plain
    assert fewer < steps == 30


def test_a_stop_string_within_a_guess_ends_the_answer_there(bench: Bench) -> None:
    options: dict[str, Any] = {**REPETITIVE, "stop_strings": ["a", "circle"]}
    plain = bench.request([5, 6, 7], [8, 9], 2, **options)
    guessed = bench.request([5, 6, 7], [8, 9], 2, **options, prompt_lookup_num_tokens=10)
    answers = [bench.run(request).sequences(request) for request in (plain, guessed)]
    assert answers[0] == answers[1]
    assert len(answers[0][0]) < 30


def test_its_stream_has_every_token_once(bench: Bench) -> None:
    request = bench.request([5, 6, 7], **REPETITIVE, prompt_lookup_num_tokens=5, stream=True)
    replies = bench.run(request)
    assert replies.streams[request.request_id] == replies.sequences(request)[0][1:]
