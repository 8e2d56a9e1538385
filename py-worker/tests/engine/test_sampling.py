"""Sampling: by seed, and from the distribution that transformers would draw from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from instructblip_worker.decoding.sampling import GumbelDraw, row_generators
from tests.engine.bench import Bench

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"temperature": 0.7, "top_k": 20},
        {"top_k": 0, "top_p": 0.9, "repetition_penalty": 1.3},
        {"top_k": 0, "min_p": 0.02, "typical_p": 0.9},
        {"top_h": 0.6, "epsilon_cutoff": 0.001, "eta_cutoff": 0.001},
        {"watermarking_config": {"bias": 2.0}, "renormalize_logits": True},
    ],
    ids=lambda options: "-".join(options) or "defaults",
)
def test_the_scores_to_draw_from_are_transformers(bench: Bench, options: dict[str, Any]) -> None:
    request = bench.request(
        max_new_tokens=1, do_sample=True, output_scores=True, seed=1, **_converted(options)
    )
    replies = bench.run(request)
    judged = bench.judge(request, return_dict_in_generate=True)
    ours = replies.tensors[request.request_id]["scores"]
    assert ours.shape == (1, 1, bench.facts.vocab_size)
    np.testing.assert_allclose(ours[0, 0], judged.scores[0][0].numpy(), rtol=1e-4, atol=1e-4)


def test_a_seed_draws_the_same_whatever_else_is_in_the_batch(bench: Bench) -> None:
    alone = bench.request([5, 6, 7], image=2, do_sample=True, seed=42)
    lonely = bench.run(alone).sequences(alone)

    among = bench.request([5, 6, 7], image=2, do_sample=True, seed=42)
    others = [bench.request([9] * n, [7] * n, n, do_sample=True, seed=n) for n in (1, 4, 9)]
    replies = bench.run(others[0], among, *others[1:])

    assert replies.sequences(among) == lonely
    twin = bench.request([5, 6, 7], image=2, do_sample=True, seed=43)
    assert bench.run(twin).sequences(twin) != lonely


def test_without_a_seed_answers_differ(bench: Bench) -> None:
    twins = [bench.request(do_sample=True, top_k=0, temperature=5.0) for _ in range(2)]
    replies = bench.run(*twins)
    assert replies.sequences(twins[0]) != replies.sequences(twins[1])


def test_return_sequences_are_draws_of_their_own(bench: Bench) -> None:
    request = bench.request(do_sample=True, top_k=0, temperature=3.0, num_return_sequences=3, seed=5)
    other = bench.request([1], do_sample=True, top_k=0, temperature=3.0, num_return_sequences=3, seed=6)
    rows = bench.run(request, other).sequences(request)
    assert len({tuple(row) for row in rows}) == 3
    # The first row is what the seed draws for one sequence.
    single = bench.request(do_sample=True, top_k=0, temperature=3.0, seed=5)
    answer = bench.run(single).sequences(single)[0]
    assert rows[0][: len(answer)] == answer


def test_beam_sampling_repeats_by_seed(bench: Bench) -> None:
    first, second, other = (
        bench.request(do_sample=True, num_beams=3, top_k=0, temperature=4.0, seed=seed) for seed in (1, 1, 2)
    )
    answers = [bench.run(request).sequences(request) for request in (first, second, other)]
    assert answers[0] == answers[1]
    assert answers[0] != answers[2]


def test_beam_sampling_by_seed_never_shares_a_batch(bench: Bench) -> None:
    one, two = (bench.request(do_sample=True, num_beams=3, seed=seed) for seed in (1, 2))
    assert one.batch_key != two.batch_key


def test_gumbel_draws_follow_the_distribution() -> None:
    logits = torch.tensor([0.0, 1.0, 2.0, -math.inf, 0.5])
    draws = 20_000
    draw = GumbelDraw(row_generators(7, draws, CPU))
    picked = draw(torch.empty(draws, 0), logits.repeat(draws, 1)).argmax(dim=1)
    share = torch.bincount(picked, minlength=5) / draws
    # Five standard deviations of a share of one half; the generators are seeded, so this cannot flake.
    assert torch.allclose(share, logits.softmax(dim=0), atol=5 * 0.5 / math.sqrt(draws))
    assert share[3] == 0


def _converted(options: dict[str, Any]) -> dict[str, Any]:
    import msgspec

    from instructblip_worker.protocol import WatermarkingConfig

    if "watermarking_config" not in options:
        return options
    return {
        **options,
        "watermarking_config": msgspec.convert(options["watermarking_config"], WatermarkingConfig),
    }
