"""Small checkpoints of random weights, laid out as those on the hub are and were."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import load_file, save_file
from transformers import InstructBlipConfig, InstructBlipForConditionalGeneration

from tests.engine.bench import MODELS
from tests.loading.test_random import TEXT, whole

WEIGHTS = "model.safetensors"
_OLD_KEYS: dict[str, Any] = {
    "_name_or_path": "",
    "add_cross_attention": False,
    "bad_words_ids": None,
    "chunk_size_feed_forward": 0,
    "diversity_penalty": 0.0,
    "do_sample": False,
    "early_stopping": False,
    "id2label": {"0": "LABEL_0", "1": "LABEL_1"},
    "is_decoder": False,
    "label2id": {"LABEL_0": 0, "LABEL_1": 1},
    "length_penalty": 1.0,
    "max_length": 20,
    "num_beam_groups": 1,
    "num_beams": 1,
    "output_attentions": False,
    "output_hidden_states": False,
    "pruned_heads": {},
    "return_dict": True,
    "task_specific_params": None,
    "temperature": 1.0,
    "tf_legacy_loss": False,
    "torch_dtype": None,
    "torchscript": False,
    "typical_p": 1.0,
    "use_bfloat16": False,
}
"""What transformers 4 wrote into every part of a configuration."""


def make_checkpoint(
    folder: Path, kind: Literal["t5", "llama"], *, shard_size: str = "1GB", **text: Any
) -> Path:
    """A checkpoint as transformers 5 saves it. ``text`` changes the language model's configuration."""
    files = MODELS / f"tiny-shapes-{kind}"
    shutil.copytree(files, folder, ignore=shutil.ignore_patterns(WEIGHTS))
    vocab = json.loads((files / "config.json").read_text())
    config = whole(kind)
    config["image_token_index"] = vocab["image_token_index"]
    words = vocab["qformer_config"]["vocab_size"]
    config["qformer_config"] = {**config["qformer_config"], "vocab_size": words}
    tokens = {key: value for key, value in vocab["text_config"].items() if key.endswith("token_id")}
    config["text_config"] = {
        **TEXT[kind],
        **tokens,
        "vocab_size": vocab["text_config"]["vocab_size"],
        **text,
    }
    torch.manual_seed(4)
    model = InstructBlipForConditionalGeneration(InstructBlipConfig(**config))
    model.save_pretrained(folder, max_shard_size=shard_size)
    edit(folder / "processor_config.json", lambda found: found.update(num_query_tokens=4))
    edit(folder / "processor_config.json", lambda found: found["image_processor"].update(size=32))
    return folder


def make_old_checkpoint(folder: Path, kind: Literal["t5", "llama"]) -> Path:
    """A checkpoint as they were before November 2024: no placeholder, and a T5 with a head of its own."""
    has_image = json.loads((MODELS / f"tiny-shapes-{kind}" / "config.json").read_text())["image_token_index"]
    # The tokenizer ends where the placeholder was added later.
    make_checkpoint(folder, kind, vocab_size=has_image)
    processor = json.loads((folder / "processor_config.json").read_text())
    (folder / "processor_config.json").unlink()
    (folder / "generation_config.json").unlink()
    settings = {**processor["image_processor"], "processor_class": "InstructBlipProcessor"}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    edit(folder / "tokenizer.json", _without_placeholder)
    edit(folder / "config.json", lambda config: _as_in_4(config, kind))
    if kind == "t5":
        weights = load_file(folder / WEIGHTS)
        head = torch.randn(has_image, 16, generator=torch.Generator().manual_seed(1))
        save_weights(folder, {**weights, "language_model.lm_head.weight": head})
    return folder


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a JSON file in place."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def save_weights(folder: Path, weights: dict[str, torch.Tensor], name: str = WEIGHTS) -> None:
    """Write a file of weights."""
    save_file(weights, folder / name, metadata={"format": "pt"})


def _without_placeholder(tokenizer: dict[str, Any]) -> None:
    tokenizer["added_tokens"] = [each for each in tokenizer["added_tokens"] if each["content"] != "<image>"]


def _as_in_4(config: dict[str, Any], kind: str) -> None:
    for key in ("image_token_index", "dtype", "transformers_version"):
        config.pop(key, None)
    config.update(torch_dtype="float32", transformers_version=None, tie_word_embeddings=False)
    for part in ("vision_config", "qformer_config", "text_config"):
        own = {key: value for key, value in config[part].items() if key not in ("dtype", "rope_parameters")}
        config[part] = {**_OLD_KEYS, **own}
    config["qformer_config"].update(position_embedding_type="absolute", classifier_dropout=None)
    text = config["text_config"]
    if kind == "t5":
        text.pop("scale_decoder_outputs", None)
        text.update(architectures=["T5ForConditionalGeneration"], tie_word_embeddings=False, n_positions=512)
    else:
        text.update(architectures=["LlamaForCausalLM"], rope_scaling=None, rope_theta=10000.0)
