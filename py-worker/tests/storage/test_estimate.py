"""Estimated bytes against what is published, and against what a loaded model has."""

from __future__ import annotations

import functools

import pytest
import torch
from transformers import InstructBlipConfig, InstructBlipForConditionalGeneration

from instructblip_worker.storage import (
    DType,
    Estimate,
    Outline,
    Quantization,
    estimate,
    make_plan,
    measured_bytes,
    read_outline,
)
from scripts.gpu.shapes import published
from tests.engine.bench import Bench

pytestmark = pytest.mark.filterwarnings("ignore")

CHECKPOINTS = {
    # Billions of parameters, then GB in bfloat16, float16 and with int8 for the language model.
    "flan-t5-xl": (4.02, 8.05, 9.10, 5.8),
    "flan-t5-xxl": (12.31, 24.6, 28.7, 15.8),
    "vicuna-7b": (7.91, 15.8, 15.8, 9.4),
    "vicuna-13b": (14.19, 28.4, 28.4, 15.7),
}


@functools.cache
def shape(name: str) -> tuple[InstructBlipConfig, Outline]:
    """A published checkpoint without its numbers."""
    config = InstructBlipConfig.from_dict(published(name))
    return config, read_outline(config, has_own_head=True)


def of(name: str, dtype: DType = "bfloat16", quantization: Quantization = "none") -> Estimate:
    """The estimate for a published checkpoint on CUDA."""
    return estimate(*shape(name), make_plan(dtype, quantization, "cuda"))


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_published_checkpoints(name: str) -> None:
    parameters, bfloat16, float16, int8 = CHECKPOINTS[name]
    assert of(name).parameters / 1e9 == pytest.approx(parameters, rel=0.01)
    assert of(name).weights / 1e9 == pytest.approx(bfloat16, rel=0.01)
    assert of(name, "float32").weights == pytest.approx(2 * of(name).weights, rel=0.01)
    assert of(name, "float16").weights / 1e9 == pytest.approx(float16, rel=0.01)
    assert of(name, quantization="int8").weights / 1e9 == pytest.approx(int8, rel=0.01)


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_every_parameter_is_in_one_part(name: str) -> None:
    with torch.device("meta"):
        model = InstructBlipForConditionalGeneration(InstructBlipConfig.from_dict(published(name)))
    head = 0 if "vicuna" in name else model.language_model.lm_head.weight.numel()
    parts = {part.name: part for part in of(name).parts}
    assert sum(part.parameters for part in parts.values()) == model.num_parameters() + head
    assert parts["vision encoder"].parameters == model.vision_model.num_parameters()
    assert parts["Q-Former"].parameters == model.qformer.num_parameters() + model.query_tokens.numel()
    assert parts["embeddings"].parameters == parts["language model head"].parameters
    assert parts["language model"].layers == {"vicuna-7b": 32, "vicuna-13b": 40}.get(name, 48)


@pytest.mark.parametrize(
    ("name", "mebibytes"),
    [("vicuna-7b", 0.5), ("vicuna-13b", 0.78125), ("flan-t5-xl", 0.1875), ("flan-t5-xxl", 0.375)],
)
def test_keys_and_values(name: str, mebibytes: float) -> None:
    cache = of(name).cache
    assert cache.new == cache.prompt == mebibytes * 2**20
    assert of(name, "float32").cache.new == 2 * cache.new


@pytest.mark.parametrize("quantization", ["none", "int8", "nf4"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("kind", ["t5", "llama"])
def test_a_loaded_model_has_the_estimated_bytes(kind: str, dtype: DType, quantization: Quantization) -> None:
    bench = Bench(kind, dtype=dtype, quantization=quantization)
    config = bench.model.config
    plan = make_plan(dtype, quantization, "cpu")
    estimated = estimate(config, read_outline(config, has_own_head=False), plan)
    measured = measured_bytes(bench.model)
    if quantization == "nf4":
        # Some processors' kernels keep the scales in half the bytes.
        assert 0.97 * estimated.weights < measured <= estimated.weights
    else:
        assert measured == pytest.approx(estimated.weights, rel=0.001)


def test_a_row_takes_the_estimated_cache() -> None:
    for kind in ("t5", "llama"):
        bench = Bench(kind)
        estimated = estimate(
            bench.model.config,
            read_outline(bench.model.config, has_own_head=False),
            make_plan("float32", "none", "cpu"),
        )
        request = bench.request([5] * 10, min_new_tokens=6, max_new_tokens=6)
        cache = bench.judge(request, return_dict_in_generate=True).past_key_values
        caches = [cache.self_attention_cache, cache.cross_attention_cache] if kind == "t5" else [cache]
        held = sum(
            tensor.numel() * tensor.element_size()
            for part in caches
            for layer in part.layers
            for tensor in (layer.keys, layer.values)
            if tensor is not None
        )
        # The last token is never read again, so its keys are never made. T5's start token has some.
        new = 6 if kind == "t5" else 5
        assert held == estimated.cache.row(bench.facts.num_query_tokens + 10, new)
