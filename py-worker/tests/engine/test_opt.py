"""OPT, the language model that an InstructBLIP configuration has by default; its weights here are random."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.engine.bench import MODELS, Bench
from tests.engine.candidates import CANDIDATES, ask, losses


@pytest.fixture(scope="module")
def opt(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The bundled LLaMA checkpoint's files around a small OPT."""
    from transformers import InstructBlipConfig, InstructBlipForConditionalGeneration

    source = MODELS / "tiny-shapes-llama"
    folder = tmp_path_factory.mktemp("opt") / "checkpoint"
    shutil.copytree(source, folder)
    config = json.loads((source / "config.json").read_text())
    text = {
        "model_type": "opt",
        "vocab_size": 1408,
        "hidden_size": 64,
        "word_embed_proj_dim": 64,
        "ffn_dim": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": 128,
        "dropout": 0.0,
        "bos_token_id": 2,
        "eos_token_id": 2,
        "pad_token_id": 1400,
    }
    torch.manual_seed(0)
    model = InstructBlipForConditionalGeneration(
        InstructBlipConfig.from_dict({**config, "text_config": text})
    )
    model.save_pretrained(Path(folder))
    return Bench("opt", folder)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_beams": 3},
        {"cache_implementation": "static", "repetition_penalty": 1.5},
        {"prompt_lookup_num_tokens": 3, "max_new_tokens": 20},
        {"output_hidden_states": True, "output_attentions": True, "log_probs": True},
    ],
    ids=lambda options: "-".join(options) or "greedy",
)
def test_a_batch_equals_its_requests_alone(opt: Bench, options: dict[str, Any]) -> None:
    requests = [opt.request([5] * n, [8] * n, n, **options) for n in (1, 6, 3)]
    together = len({request.batch_key for request in requests}) == 1
    for batch in [requests] if together else [[request] for request in requests]:
        replies = opt.run(*batch)
        for request in batch:
            assert opt.unpadded(replies, request) == opt.judged(request)


def test_candidates_are_scored_as_in_transformers(opt: Bench) -> None:
    request = ask(CANDIDATES)
    ours = opt.run(request).tensors[request.request_id]["log_probs"]
    np.testing.assert_allclose(-ours.sum(axis=1), losses(opt, request), rtol=1e-4)


def test_its_positions_are_its_context(opt: Bench) -> None:
    assert (opt.facts.language_model, opt.facts.context_length) == ("opt", 128)
