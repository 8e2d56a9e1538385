"""Loads that go wrong once the weights are read, and the numbers a model may be loaded in."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from instructblip_worker.errors import LoadError
from instructblip_worker.loading import load_engine
from instructblip_worker.protocol import FolderSource, Load, Message, Progress
from instructblip_worker.reporter import Reporter
from instructblip_worker.storage import choose_device, choose_dtype
from tests.engine.bench import MODELS

CPU = torch.device("cpu")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The LLaMA checkpoint, to be spoilt."""
    return Path(shutil.copytree(MODELS / "tiny-shapes-llama", tmp_path / "checkpoint"))


def refusal(folder: Path) -> LoadError:
    """How a folder is refused."""
    load = Load(
        worker_epoch=1,
        model_id="m",
        source=FolderSource(path=str(folder)),
        dtype="float32",
        quantization="none",
        device="cpu",
        threads=1,
        slots=1,
        feature_cache_bytes=0,
    )
    with pytest.raises(LoadError) as caught:
        load_engine(load, Reporter(1, lambda message: None))
    assert str(folder.parent) not in caught.value.message
    return caught.value


def rewrite(folder: Path, change: object) -> None:
    """Change the weights."""
    weights = load_file(folder / "model.safetensors")
    assert callable(change)
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def test_a_missing_weight(copy: Path) -> None:
    rewrite(copy, lambda w: w.pop("language_projection.weight"))
    error = refusal(copy)
    assert (error.code, error.exit_status) == ("MODEL_LOAD_FAILED", 65)
    assert "language_projection.weight" in error.message


def test_a_weight_of_another_shape(copy: Path) -> None:
    rewrite(copy, lambda w: w.update({"language_projection.weight": torch.zeros(3, 3)}))
    error = refusal(copy)
    assert error.exit_status == 65
    assert (
        "language_projection.weight is [3, 3] in model.safetensors, but config.json asks for" in error.message
    )


def test_a_configuration_of_which_no_model_can_be_made(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    config["qformer_config"]["num_attention_heads"] = 7
    (copy / "config.json").write_text(json.dumps(config))
    error = refusal(copy)
    assert (error.code, error.exit_status) == ("CONFIG_INVALID", 78)
    assert "makes no model" in error.message


def test_weights_that_are_not_numbers(copy: Path) -> None:
    rewrite(copy, lambda w: w["query_tokens"].fill_(float("nan")))
    error = refusal(copy)
    assert error.exit_status == 65
    assert "query_tokens" in error.message


def test_a_model_that_answers_with_nothing_is_not_ready(copy: Path) -> None:
    rewrite(copy, lambda w: w["language_model.lm_head.weight"].fill_(float("nan")))
    error = refusal(copy)
    assert error.code == "OUTPUT_INVALID"


def test_a_configuration_that_transformers_refuses(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    config["vision_config"]["hidden_size"] = "wide"
    (copy / "config.json").write_text(json.dumps(config))
    assert refusal(copy).code == "CONFIG_INVALID"


def test_stages_are_reported() -> None:
    sent: list[Message] = []
    load = Load(
        worker_epoch=1,
        model_id="m",
        source=FolderSource(path=str(MODELS / "tiny-shapes-t5")),
        dtype="auto",
        quantization="none",
        device="auto",
        threads=0,
        slots=1,
        feature_cache_bytes=0,
    )
    engine = load_engine(load, Reporter(1, sent.append))
    stages = [message.stage for message in sent if isinstance(message, Progress)]
    assert list(dict.fromkeys(stages)) == ["import", "read", "check", "warm"]
    if not torch.cuda.is_available():
        assert (engine.served.model.device, engine.served.model.dtype) == ("cpu", "float32")


@pytest.mark.parametrize("name", ["cuda:7", "tpu", "nonsense", "meta"])
def test_devices_that_are_not_there(name: str) -> None:
    with pytest.raises(LoadError) as caught:
        choose_device(name)
    assert (caught.value.code, caught.value.path) == ("CONFIG_INVALID", "device")


@pytest.mark.parametrize(
    ("capability", "dtype"), [((9, 0), "bfloat16"), ((8, 0), "bfloat16"), ((7, 5), "float16")]
)
def test_auto_depends_on_the_device(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], dtype: str
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert choose_dtype("auto", torch.device("cuda", 0)) == dtype
    assert choose_dtype("auto", CPU) == "float32"
    assert choose_dtype("float16", CPU) == "float16"
