"""Hidden states and attention maps of an answer, against transformers' for the request alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from instructblip_worker.decoding.output_size import LanguageModelShape, output_bytes
from instructblip_worker.errors import RequestError
from tests.engine.bench import Bench
from tests.engine.figures import Figures
from tests.engine.oracle import Oracle

BOTH: dict[str, Any] = {"output_hidden_states": True, "output_attentions": True, "max_new_tokens": 5}
WAYS: list[dict[str, Any]] = [
    {},
    {"do_sample": True, "seed": 3, "num_return_sequences": 2},
    {"num_beams": 3, "num_return_sequences": 2},
    {"use_cache": False},
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(way) or "greedy")
def test_states_are_transformers(bench: Bench, figures: Figures, way: dict[str, Any]) -> None:
    request = bench.request([5, 6, 7], [8, 9], 2, **{**BOTH, **way})
    theirs = Oracle(bench).generate(request)
    ours = bench.run(request).tensors[request.request_id]

    prompt = bench.facts.num_query_tokens + 3
    shape = LanguageModelShape.of(bench.model.language_model.config)
    most = output_bytes(request.options, prompt, shape)
    assert sum(ours[name].nbytes for name in ours if name != "sequences") <= sum(most.values())
    for name, steps in _of_steps(theirs).items():
        for number, layers in enumerate(steps):
            at = (
                slice(0, prompt)
                if number == 0 and bench.kind == "llama"
                else _position(bench, prompt, number)
            )
            for layer, expected in enumerate(layers):
                mine = ours[name][layer][..., at, :]
                news = expected.numpy()[..., -mine.shape[-2] :, :]
                assert figures.apart(name, mine[..., : news.shape[-1]], news) < 1e-4
                assert not mine[..., news.shape[-1] :].any()
    for name in set(ours) & {"encoder_hidden_states", "encoder_attentions"}:
        assert figures.apart(name, ours[name], torch.stack(theirs[name]).numpy()) < 1e-4


def _of_steps(output: Any) -> dict[str, Any]:
    """transformers' tuples of steps, each of layers."""
    names = ["hidden_states", "attentions", "decoder_hidden_states", "decoder_attentions", "cross_attentions"]
    found = {name: output[name] for name in names if output.get(name)}
    assert len(found) in (2, 3)
    return found


def _position(bench: Bench, prompt: int, step: int) -> slice:
    at = step if bench.kind == "t5" else prompt + step - 1
    return slice(at, at + 1)


def test_attention_is_as_before_afterwards(bench: Bench) -> None:
    before = bench.model.language_model.config._attn_implementation
    bench.run(bench.request(**BOTH))
    parts = [module for module in bench.model.language_model.modules() if hasattr(module, "config")]
    assert {module.config._attn_implementation for module in parts} == {before}


def test_states_alone_in_their_batch(bench: Bench) -> None:
    one, other = (bench.request(output_hidden_states=True) for _ in range(2))
    assert one.batch_key != other.batch_key


@pytest.mark.parametrize(
    "options",
    [
        {"output_attentions": True, "max_new_tokens": 4000, "num_beams": 8},
        {"output_hidden_states": True, "max_new_tokens": 4096, "num_beams": 64, "output_scores": True},
        {"output_scores": True, "output_logits": True, "max_new_tokens": 4096, "num_beams": 64},
    ],
)
def test_outputs_that_are_too_large_are_refused_before_they_are_made(
    bench: Bench, options: dict[str, Any]
) -> None:
    request = bench.request(**options)
    with pytest.raises(RequestError) as refused:
        bench.engine.check(request)
    assert refused.value.code == "PAYLOAD_TOO_LARGE"
    assert refused.value.path in options
