"""The probe finds what would make answers depend on their batch, or on the way they are computed."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from instructblip_worker.errors import LoadError
from instructblip_worker.loading._probe import probe
from instructblip_worker.special_tokens import SpecialTokens
from tests.loading.test_random import python_model

SPECIAL = SpecialTokens(start=0, eos=(1,), pad=0)


@pytest.mark.parametrize("kind", ["t5", "llama", "opt"])
def test_a_sound_model_passes(kind: str) -> None:
    model = python_model(kind)
    assert probe(model, SPECIAL, is_exact=True) == []
    assert model.config.image_token_index is None


@pytest.mark.parametrize("kind", ["t5", "llama"])
def test_half_precision_passes(kind: str) -> None:
    assert probe(python_model(kind).to(torch.bfloat16), SPECIAL, is_exact=False) == []


def test_a_batch_that_changes_its_rows_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    model = python_model("llama")
    forward = model.qformer.forward

    def without_mask(attention_mask: Any = None, **inputs: Any) -> Any:
        return forward(attention_mask=torch.ones_like(attention_mask), **inputs)

    monkeypatch.setattr(model.qformer, "forward", without_mask)
    with pytest.raises(LoadError) as caught:
        probe(model, SPECIAL, is_exact=True)
    assert (caught.value.code, caught.value.exit_status) == ("OUTPUT_INVALID", 65)
    assert "shares a batch" in caught.value.message


def test_stages_that_are_not_the_whole_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    model = python_model("t5")
    with torch.no_grad():
        # What only transformers' own way through the model meets.
        embed = model.language_model.get_input_embeddings()
        monkeypatch.setattr(model, "get_input_embeddings", lambda: lambda ids: embed(ids) + 1)
    found = probe(model, SPECIAL, is_exact=False)
    assert len(found) == 1
    assert "runs in stages" in found[0]


def test_large_models_are_not_probed_on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("instructblip_worker.loading._probe._SMALL", 10)
    model = python_model("opt")
    monkeypatch.setattr(model, "forward", None)
    assert probe(model, SPECIAL, is_exact=True) == []
