"""Folders that cannot be served: each its own words and exit status. None of this needs torch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from instructblip_worker.errors import LoadError
from instructblip_worker.loading._checkpoint import inspect_checkpoint
from instructblip_worker.loading._tokenizers import inspect_tokenizers
from tests.engine.bench import MODELS

T5 = MODELS / "tiny-shapes-t5"
LLAMA = MODELS / "tiny-shapes-llama"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The T5 checkpoint, to be spoilt."""
    return Path(shutil.copytree(T5, tmp_path / "checkpoint"))


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a JSON file in place."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def refusal(folder: Path) -> LoadError:
    """How a folder is refused."""
    with pytest.raises(LoadError) as caught:
        inspect_tokenizers(inspect_checkpoint(folder))
    # The pool's people need not know where this machine keeps its files.
    assert str(folder.parent) not in caught.value.message
    return caught.value


@pytest.mark.parametrize("folder", [T5, LLAMA])
def test_a_whole_checkpoint_passes(folder: Path) -> None:
    checkpoint = inspect_checkpoint(folder)
    assert checkpoint.parameters > 1_000_000
    assert inspect_tokenizers(checkpoint).warnings == []


def test_special_ids_come_from_the_tokenizer() -> None:
    t5 = inspect_tokenizers(inspect_checkpoint(T5)).special
    llama = inspect_tokenizers(inspect_checkpoint(LLAMA)).special
    assert (t5.start, t5.eos, t5.pad) == (0, (1,), 0)
    assert (llama.start, llama.eos, llama.pad) == (2, (2,), 1400)


def test_no_folder(tmp_path: Path) -> None:
    error = refusal(tmp_path / "nowhere")
    assert (error.code, error.exit_status) == ("MODEL_NOT_FOUND", 66)


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "tokenizer.json", "preprocessor_config.json"]
)
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    if name == "preprocessor_config.json":
        (copy / "processor_config.json").unlink()
    with pytest.raises(LoadError) as caught:
        from instructblip_worker.assets import read_assets

        inspect_checkpoint(copy)
        read_assets(copy)
    assert (caught.value.code, caught.value.exit_status) == ("MODEL_LOAD_FAILED", 66)
    assert name in caught.value.message


def test_picture_settings_may_be_in_the_processors_file(copy: Path) -> None:
    (copy / "preprocessor_config.json").unlink()
    assert inspect_checkpoint(copy).preprocessor["image_mean"][0] == 0.48145466


def test_pickles_are_never_read(copy: Path) -> None:
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    error = refusal(copy)
    assert (error.code, error.exit_status) == ("MODEL_LOAD_FAILED", 66)
    assert "pickle" in error.message
    assert "safetensors" in error.message


@pytest.mark.parametrize("keep", [4, 100, 10_000, -1])
def test_truncated_weights(copy: Path, keep: int) -> None:
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:keep])
    error = refusal(copy)
    assert (error.code, error.exit_status) == ("MODEL_LOAD_FAILED", 65)
    assert "model.safetensors" in error.message


def test_weights_with_a_spoilt_head(copy: Path) -> None:
    weights = copy / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[8:12] = b"\xff\xff\xff\xff"
    weights.write_bytes(content)
    assert refusal(copy).exit_status == 65


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda c: c.update(model_type="blip-2"), "blip-2"),
        (lambda c: c.update(architectures=["LlavaForConditionalGeneration"]), "Llava"),
        (lambda c: c["text_config"].update(model_type="gpt2"), "gpt2"),
        (lambda c: c.pop("qformer_config"), "qformer_config"),
        (lambda c: c.update(auto_map={"AutoModel": "modeling_evil.Evil"}), "(auto_map)"),
        (lambda c: c["text_config"].update(auto_map={}), "text_config.auto_map"),
        (lambda c: c.update(attn_implementation="evil/kernel"), "(attn_implementation)"),
        (lambda c: c.update(quantization_config={"quant_method": "fp8"}), "quantised already"),
        (lambda c: c.update(transformers_weights="../other.safetensors"), "another name"),
        (lambda c: c["text_config"].update(vocab_size=100), "only 100"),
        (lambda c: c["qformer_config"].update(vocab_size=100), "qformer"),
    ],
)
def test_a_wrong_configuration(copy: Path, change: Callable[[dict[str, Any]], None], word: str) -> None:
    edit(copy / "config.json", change)
    error = refusal(copy)
    assert (error.code, error.exit_status) == ("CONFIG_INVALID", 78)
    assert word in error.message


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_a_configuration_that_is_no_json_object(copy: Path, text: str) -> None:
    (copy / "config.json").write_text(text)
    assert refusal(copy).code == "CONFIG_INVALID"


def test_a_qformer_tokenizer_that_is_the_language_models(copy: Path) -> None:
    shutil.copy(copy / "tokenizer.json", copy / "qformer_tokenizer" / "tokenizer.json")
    error = refusal(copy)
    assert (error.code, error.exit_status) == ("CONFIG_INVALID", 78)
    assert "BERT" in error.message


def test_a_tokenizer_that_is_damaged(copy: Path) -> None:
    (copy / "tokenizer.json").write_text('{"version": "1.0"}')
    error = refusal(copy)
    assert (error.code, error.exit_status) == ("MODEL_LOAD_FAILED", 65)
    assert "tokenizer.json" in error.message


def test_a_tokenizer_without_an_end(copy: Path) -> None:
    edit(copy / "tokenizer_config.json", lambda c: c.pop("eos_token"))
    assert "eos_token" in refusal(copy).message


def test_special_tokens_may_be_in_a_file_of_their_own(copy: Path) -> None:
    edit(copy / "tokenizer_config.json", lambda c: c.pop("eos_token"))
    (copy / "special_tokens_map.json").write_text(
        json.dumps({"eos_token": {"content": "</s>", "lstrip": False}})
    )
    assert inspect_tokenizers(inspect_checkpoint(copy)).special.eos == (1,)


def test_what_is_odd_but_works_is_a_warning(copy: Path) -> None:
    edit(copy / "tokenizer_config.json", lambda c: c.pop("pad_token"))
    edit(copy / "config.json", lambda c: c["text_config"].update(eos_token_id=3))
    warnings = inspect_tokenizers(inspect_checkpoint(copy)).warnings
    assert len(warnings) == 2
    assert "pad_token" in warnings[0]
    assert "eos" in warnings[1]
