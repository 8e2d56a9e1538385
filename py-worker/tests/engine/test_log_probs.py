"""How likely the model found the tokens of an answer, from transformers' own scores of them all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.engine.bench import Bench
from tests.engine.figures import Figures
from tests.engine.oracle import Oracle

WAYS: list[dict[str, Any]] = [
    {},
    {"repetition_penalty": 1.5, "no_repeat_ngram_size": 2},
    {"do_sample": True, "seed": 4, "temperature": 3.0, "num_return_sequences": 2},
    {"use_cache": False},
    {"prompt_lookup_num_tokens": 4, "max_new_tokens": 20, "min_new_tokens": 20},
    {"num_beams": 3, "num_return_sequences": 2, "repetition_penalty": 1.3},
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(way) or "greedy")
def test_they_are_those_of_transformers_scores(bench: Bench, figures: Figures, way: dict[str, Any]) -> None:
    requests = [bench.request([5] * n, [8], n, **way, log_probs=True) for n in (1, 6)]
    alike = len({request.batch_key for request in requests}) == 1
    for batch in [requests] if alike else [[request] for request in requests]:
        replies = bench.run(*batch)
        for request in batch:
            expected = _expected(bench, request)
            ours = replies.tensors[request.request_id]["log_probs"]
            for row, values in enumerate(expected):
                assert figures.apart("log_probs", ours[row, : len(values)], values) < 1e-4
                assert not ours[row, len(values) :].any()


def _expected(bench: Bench, request: Any) -> list[list[float]]:
    """By row, from all scores that transformers gives."""
    oracle = Oracle(bench)
    output = oracle.generate(request, output_logits=True)
    indices = getattr(output, "beam_indices", None)
    found = []
    for row, (_, *tokens) in enumerate(oracle.rows(request, output)):
        beams = [row] * len(tokens) if indices is None else indices[row].tolist()
        found.append(
            [
                float(output.logits[step][beam].log_softmax(dim=-1)[token])
                for step, (beam, token) in enumerate(zip(beams, tokens, strict=False))
            ]
        )
    return found


def test_a_stream_has_them_too(bench: Bench) -> None:
    request = bench.request(stream=True, log_probs=True, min_new_tokens=6)
    silent = bench.request(stream=True, min_new_tokens=6)
    assert request.batch_key == silent.batch_key
    replies = bench.run(request, silent)
    entries = [entry for chunk in replies.chunks for entry in chunk.chunks]
    streamed = [value for e in entries if e.request_id == request.request_id for value in e.log_probs or []]
    np.testing.assert_allclose(streamed, replies.tensors[request.request_id]["log_probs"][0], rtol=1e-6)
    assert all(entry.log_probs is None for entry in entries if entry.request_id == silent.request_id)
    assert "log_probs" not in replies.tensors[silent.request_id]


def test_what_is_impossible_stays_a_number(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    head = bench.model.language_model.lm_head
    forward = head.forward

    def rule_out(hidden: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = forward(hidden)
        scores[..., 77] = -float("inf")
        return scores

    forced = bench.request(stream=True, log_probs=True, forced_bos_token_id=77, max_new_tokens=3)
    with monkeypatch.context() as patch:
        patch.setattr(head, "forward", rule_out)
        replies = bench.run(forced)
    values = [value for chunk in replies.chunks for e in chunk.chunks for value in e.log_probs or []]
    assert min(values) == torch.finfo(torch.float32).min
