"""Every type and quantisation that runs on the CPU: what is stored how, and that it still answers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from instructblip_worker.errors import LoadError
from instructblip_worker.stages import Stages
from instructblip_worker.storage import Outline, Plan, check_forms, make_plan
from instructblip_worker.storage import _plan as plans
from instructblip_worker.storage._census import form_of
from tests.engine.bench import Bench

# The quantising libraries warn of their own future.
pytestmark = pytest.mark.filterwarnings("ignore")

_WRONG_AT_MOST = {"none": 0.05, "int8": 0.15, "nf4": 0.4}
"""Largest mean difference from float32's scores, as a share of their spread."""


@pytest.fixture(scope="module")
def full() -> dict[str, Bench]:
    """Both checkpoints in float32."""
    return {kind: Bench(kind) for kind in ("t5", "llama")}


@pytest.fixture(params=["bitsandbytes", "torchao"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An environment that has one of the libraries alone."""
    monkeypatch.setattr(plans, "_has", lambda package: package in (request.param, "accelerate"))
    return request.param  # type: ignore[no-any-return]


def first_scores(bench: Bench) -> np.ndarray[Any, Any]:
    """The scores of the first token of three answers."""
    requests = [bench.request([5, 6, n], [8, n], n, output_logits=True, max_new_tokens=1) for n in (1, 2, 3)]
    replies = bench.run(*requests)
    return np.stack([replies.tensors[request.request_id]["logits"][0, 0] for request in requests])


def forms(model: Any) -> dict[str, str]:
    """The form of every weight."""
    return {name: form_of(weight) for name, weight in model.named_parameters()}


@pytest.mark.parametrize("quantization", ["none", "int8", "nf4"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("kind", ["t5", "llama"])
def test_a_combination_answers_nearly_as_float32(
    full: dict[str, Bench], kind: str, dtype: str, quantization: str
) -> None:
    bench = Bench(kind, dtype=dtype, quantization=quantization)
    assert (bench.facts.dtype, bench.facts.quantization) == (dtype, quantization)
    exact, found = first_scores(full[kind]), first_scores(bench)
    assert np.abs(found - exact).mean() < _WRONG_AT_MOST[quantization] * exact.std()
    if (dtype, quantization) != ("float32", "none"):
        assert not np.array_equal(found, exact)

    stored = forms(bench.model)
    outside = {form for name, form in stored.items() if not name.startswith("language_model.")}
    assert outside <= {dtype, "float32"}
    assert stored["vision_model.encoder.layers.0.mlp.fc1.weight"] == dtype
    if quantization == "none":
        assert quantization not in stored.values()
        return
    quantised = [name for name, form in stored.items() if form == quantization]
    assert len(quantised) > 10
    assert not any("lm_head" in name or ".wo." in name or "shared" in name for name in quantised)


def test_float16_keeps_in_float32_what_transformers_keeps() -> None:
    kept = {
        kind: {name for name, form in forms(Bench(kind, dtype="float16").model).items() if form == "float32"}
        for kind in ("t5", "llama")
    }
    assert kept["llama"] == {"query_tokens"}
    wo = {name for name in kept["t5"] if name.endswith(".DenseReluDense.wo.weight")}
    assert len(wo) == 5
    assert kept["t5"] - wo == {"query_tokens", "qformer.embeddings.word_embeddings.weight"}


def test_int8_by_either_library(full: dict[str, Bench], library: str) -> None:
    bench = Bench("t5", quantization="int8", dtype="bfloat16")
    classes = {type(weight.data).__name__ for weight in bench.model.parameters()}
    assert ("Int8Tensor" in classes) == (library == "torchao")
    exact, found = first_scores(full["t5"]), first_scores(bench)
    assert np.abs(found - exact).mean() < _WRONG_AT_MOST["int8"] * exact.std()


def test_nf4_on_the_cpu_leaves_matrices_of_odd_shapes_alone() -> None:
    bench = Bench("llama", quantization="nf4")
    stored = forms(bench.model)
    # 344 rows or columns are no multiple of what the CPU's kernel wants.
    assert {form for name, form in stored.items() if ".mlp." in name and "language" in name} == {"float32"}
    assert {form for name, form in stored.items() if ".q_proj." in name} == {"nf4"}
    assert any("12 matrices" in warning for warning in bench.engine.served.warnings)
    plan = make_plan("float32", "nf4", "cuda")
    weights = Outline.of(Bench("llama").model)
    assert plan.unfit(weights) == []


@torch.inference_mode()
def test_parts_of_different_types_work_together() -> None:
    pixels = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    prompts = []
    for parts in (
        {},
        {"vision_model": "bfloat16", "language_projection": "float16", "language_model": "bfloat16"},
    ):
        model = Bench("t5").model
        for part, dtype in parts.items():
            getattr(model, part).to(getattr(torch, dtype))
        stages = Stages(model, pad_token_id=0)
        prompts.append(stages.prompt(stages.query(stages.see(pixels), [[8, 9], [8]]), [[5], [6, 7, 8]]))
    exact, mixed = (prompt.embeds for prompt in prompts)
    assert (exact.dtype, mixed.dtype) == (torch.float32, torch.bfloat16)
    assert (mixed.float() - exact).abs().mean() < _WRONG_AT_MOST["none"] * exact.std()


def test_a_weight_in_another_form_than_planned_is_refused(full: dict[str, Bench]) -> None:
    model = full["t5"].model
    outline = Outline.of(model)
    assert set(check_forms(model, Plan("float32", "none", None, "cpu"), outline)) == {
        "query_tokens",
        "vision_model",
        "qformer",
        "language_projection",
        "language_model",
    }
    with pytest.raises(LoadError, match="was loaded in float32, but is to be in bfloat16"):
        check_forms(model, Plan("bfloat16", "none", None, "cpu"), outline)
    # Casting a loaded model undoes what is kept.
    half = Bench("t5", dtype="float16").model.to(torch.float16)
    with pytest.raises(LoadError, match="is to be in float32"):
        check_forms(half, Plan("float16", "none", None, "cpu"), outline)


@pytest.mark.parametrize(
    ("packages", "quantization", "dtype", "device", "words"),
    [
        ((), "nf4", "float32", "cpu", "bitsandbytes"),
        (("torchao",), "nf4", "bfloat16", "cuda", "bitsandbytes"),
        ((), "int8", "float32", "cpu", "torchao"),
        (("torchao",), "int8", "float16", "cpu", "overflows"),
        (("bitsandbytes", "accelerate"), "int8", "float32", "mps", "mps"),
    ],
)
def test_quantization_that_cannot_be_had_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch,
    packages: tuple[str, ...],
    quantization: plans.Quantization,
    dtype: plans.DType,
    device: str,
    words: str,
) -> None:
    monkeypatch.setattr(plans, "_has", lambda package: package in packages)
    with pytest.raises(LoadError, match=words) as caught:
        make_plan(dtype, quantization, device)
    assert (caught.value.code, caught.value.path) == ("CONFIG_INVALID", "quantization")


def test_bitsandbytes_is_imported_without_fetching_kernels(tmp_path: Path) -> None:
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / "__init__.py").write_text("raise SystemExit('kernels was imported')")
    code = "from instructblip_worker.storage._quantization import import_bitsandbytes as load; load().nn"
    paths = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    run = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": paths}, check=False)
    assert run.returncode == 0
