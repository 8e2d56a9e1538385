"""Models to pass through: the bundled checkpoints, and small random ones around each language model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from instructblip_worker.model_engine import ModelEngine
from instructblip_worker.protocol import ConfigSource
from tests.engine.bench import MODELS, Bench
from tests.forward.passes import Differences, judge_of, shake

VISION = {
    "hidden_size": 24,
    "intermediate_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 8,
    "initializer_range": 0.2,
}
QFORMER = {
    "vocab_size": 60,
    "hidden_size": 16,
    "num_hidden_layers": 5,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 40,
}
TEXT: dict[str, dict[str, Any]] = {
    "t5": {
        "model_type": "t5",
        "vocab_size": 80,
        "d_model": 16,
        "d_kv": 8,
        "d_ff": 24,
        "num_layers": 2,
        "num_heads": 2,
        "decoder_start_token_id": 0,
    },
    "llama": {
        "model_type": "llama",
        "vocab_size": 80,
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "max_position_embeddings": 64,
    },
    "opt": {
        "model_type": "opt",
        "vocab_size": 80,
        "hidden_size": 16,
        "word_embed_proj_dim": 16,
        "ffn_dim": 24,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "max_position_embeddings": 64,
    },
}


CASES = ("t5", "llama", "opt", "tiny-shapes-t5", "tiny-shapes-llama")


@dataclass
class Case:
    """A model in an engine, and the judge of it."""

    name: str
    engine: ModelEngine
    judge: Any
    differences: Differences

    @property
    def kind(self) -> str:
        """Of its language model."""
        return self.engine.served.model.language_model

    def pictures(self, count: int, seed: int = 0, size: int | None = None) -> torch.Tensor:
        """f32 [count, 3, size, size], as if normalised."""
        side = size or self.engine.served.model.image_size
        return _noise(seed, count, 3, side, side)


def _noise(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def random_bench(kind: str, **settings: Any) -> Bench:
    """A small model with noise for weights."""
    config = {
        "vision_config": VISION,
        "qformer_config": {**QFORMER, "encoder_hidden_size": 24},
        "text_config": TEXT[kind],
        "num_query_tokens": 4,
    }
    bench = Bench(
        kind, source=ConfigSource(model="instructblip", config=json.dumps(config), seed=1), **settings
    )
    shake(bench.model)
    return bench


def case_of(name: str) -> Case:
    """One model by name."""
    folder: Path | None = None
    if name.startswith("tiny-shapes"):
        folder = MODELS / name
        bench = Bench(name.removeprefix("tiny-shapes-"))
    else:
        bench = random_bench(name)
    return Case(name, bench.engine, judge_of(bench.engine, folder), Differences())


@pytest.fixture(scope="session")
def cases() -> Iterator[dict[str, Case]]:
    """Models that were made. Their largest differences are printed with `-s`."""
    made: dict[str, Case] = {}
    yield made
    for case in made.values():
        print(f"\n{case.name}")
        for name, (difference, share) in sorted(case.differences.largest.items()):
            print(f"  {name:50} {difference:.1e} {share:.1e}")


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, cases: dict[str, Case]) -> Case:
    """Every model in turn."""
    name: str = request.param
    if name not in cases:
        cases[name] = case_of(name)
    return cases[name]
