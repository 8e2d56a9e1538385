"""Checkpoints from before and after the placeholder for pictures, against transformers' own loading."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import InstructBlipForConditionalGeneration

from instructblip_worker.protocol import TensorFrame
from tests.engine.bench import Bench
from tests.loading.checkpoints import WEIGHTS, edit, make_checkpoint, make_old_checkpoint

Kind = Literal["t5", "llama"]
PICTURE = TensorFrame.of(np.random.default_rng(5).integers(0, 256, (32, 32, 3), dtype=np.uint8))


def assert_parity(bench: Bench, folder: Path) -> None:
    """The worker's scores are those of the model that transformers makes of the folder."""
    request = bench.request(image=PICTURE, max_new_tokens=4, min_new_tokens=4, output_logits=True)
    ours = bench.run(request).tensors[request.request_id]["logits"]
    judge: Any = InstructBlipForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    bench.model = judge.eval()
    output = bench.judge(request, output_logits=True, return_dict_in_generate=True)
    np.testing.assert_array_equal(ours, torch.stack(output.logits, dim=1).numpy())


@pytest.mark.parametrize("kind", ["t5", "llama"])
def test_a_checkpoint_with_a_placeholder(kind: Kind, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "new", kind)
    bench = Bench(kind, folder)
    assert bench.engine.served.warnings == []
    assert_parity(bench, folder)


@pytest.mark.parametrize("kind", ["t5", "llama"])
def test_a_checkpoint_from_before_the_placeholder(kind: Kind, tmp_path: Path) -> None:
    folder = make_old_checkpoint(tmp_path / "old", kind)
    bench = Bench(kind, folder)
    assert bench.engine.served.warnings == []
    assert bench.facts.vocab_size == {"t5": 1400, "llama": 1401}[kind]
    assert bench.facts.num_query_tokens == 4
    assert_parity(bench, folder)


def test_a_head_of_its_own_is_used_and_survives_another_save(tmp_path: Path) -> None:
    old = make_old_checkpoint(tmp_path / "old", "t5")
    head = load_file(old / WEIGHTS)["language_model.lm_head.weight"]
    bench = Bench("t5", old)
    assert torch.equal(bench.model.language_model.lm_head.weight, head)
    assert not torch.equal(bench.model.language_model.shared.weight, head)

    bench.model.save_pretrained(tmp_path / "new")
    for name in ("config.json", WEIGHTS):
        (tmp_path / "new" / name).replace(old / name)
    again = Bench("t5", old)
    assert torch.equal(again.model.language_model.lm_head.weight, head)
    scores = []
    for each in (bench, again):
        request = each.request(image=PICTURE, max_new_tokens=1, output_logits=True)
        scores.append(each.run(request).tensors[request.request_id]["logits"])
    np.testing.assert_array_equal(*scores)


def test_a_head_of_its_own_that_config_json_calls_shared_is_scaled(tmp_path: Path) -> None:
    old = make_old_checkpoint(tmp_path / "old", "t5")
    edit(old / "config.json", lambda config: config["text_config"].update(tie_word_embeddings=True))
    bench = Bench("t5", old)
    (warning,) = bench.engine.served.warnings
    assert "a head of its own" in warning
    assert_parity(bench, old)


def test_a_tokenizer_with_a_placeholder_before_its_model_has_one(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "between", "llama", vocab_size=1401)
    edit(folder / "config.json", lambda config: config.pop("image_token_index"))
    bench = Bench("llama", folder)
    assert bench.engine.served.warnings == [
        "The tokenizer's <image> has the id 1401, but the language model's vocabulary ends at 1400. Workers "
        "do not need it."
    ]
    assert_parity(bench, folder)
