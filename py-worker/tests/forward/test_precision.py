"""Passes run whatever the parts' types are, and give about what float32 gives."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.engine.bench import Bench
from tests.forward.conftest import random_bench
from tests.forward.passes import Module, outputs_of
from tests.forward.test_whole import IDS, LABELS, MASK, QUESTIONS, QUESTIONS_MASK

INPUTS = {
    "pixel_values": torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)),
    "qformer_input_ids": QUESTIONS,
    "qformer_attention_mask": QUESTIONS_MASK,
    "input_ids": IDS,
    "attention_mask": MASK,
    "labels": LABELS,
}


def both(kind: str, dtype: str) -> tuple[Bench, Bench]:
    """The same weights in float32 and in another type."""
    full, short = random_bench(kind), random_bench(kind, dtype=dtype)
    weights: dict[str, Any] = full.model.state_dict()
    short.model.load_state_dict(weights)
    return full, short


@pytest.mark.parametrize(("dtype", "most"), [("bfloat16", 0.05), ("float16", 0.01)])
@pytest.mark.parametrize("kind", ["t5", "llama", "opt"])
def test_every_module(kind: str, dtype: str, most: float) -> None:
    full, short = both(kind, dtype)
    wide = full.model.config
    queries = torch.randn(1, 4, wide.qformer_config.hidden_size, generator=torch.Generator().manual_seed(1))
    seen = torch.randn(1, 7, wide.vision_config.hidden_size, generator=torch.Generator().manual_seed(2))
    asked = {"input_ids": QUESTIONS, "query_embeds": queries, "encoder_hidden_states": seen}
    modules: list[tuple[Module, dict[str, torch.Tensor]]] = [
        ("model", INPUTS),
        ("vision", {"pixel_values": INPUTS["pixel_values"]}),
        ("qformer", asked),
    ]
    for module, inputs in modules:
        names = short.engine._forward._modules[module].outputs
        expected = outputs_of(full.engine, module, inputs, names)
        found = outputs_of(short.engine, module, inputs, names)
        for name in names:
            assert found[name].dtype in (getattr(torch, dtype), torch.float32), name
            scale = expected[name].abs().max()
            assert ((found[name].float() - expected[name]).abs().max() / scale) < most, name


@pytest.mark.parametrize("kind", ["t5", "llama"])
def test_integers_for_weights(kind: str) -> None:
    full, short = Bench(kind), Bench(kind, quantization="int8", dtype="bfloat16")
    inputs = {**INPUTS, "pixel_values": torch.zeros(1, 3, 224, 224)}
    names = [
        "logits",
        *(
            name
            for name in short.engine._forward._modules["model"].outputs
            if name.startswith("language_model_outputs.")
        ),
    ]
    expected = outputs_of(full.engine, "model", inputs, names)
    found = outputs_of(short.engine, "model", inputs, names)
    for name in names:
        scale = expected[name].abs().max()
        assert ((found[name].float() - expected[name]).abs().max() / scale) < 0.15, name
