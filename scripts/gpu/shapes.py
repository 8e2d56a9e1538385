"""The published checkpoints' shapes, from their conversion script and the language models' own files."""

from __future__ import annotations

from typing import Any

_LLAMA = {"model_type": "llama", "vocab_size": 32064, "max_position_embeddings": 2048}
_T5 = {
    "model_type": "t5",
    "vocab_size": 32128,
    "d_kv": 64,
    "feed_forward_proj": "gated-gelu",
    "num_layers": 24,
    "num_decoder_layers": 24,
    "tie_word_embeddings": False,
}
_TEXTS: dict[str, dict[str, Any]] = {
    "vicuna-7b": {
        **_LLAMA,
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
    },
    "vicuna-13b": {
        **_LLAMA,
        "hidden_size": 5120,
        "intermediate_size": 13824,
        "num_hidden_layers": 40,
        "num_attention_heads": 40,
    },
    "flan-t5-xl": {**_T5, "d_model": 2048, "d_ff": 5120, "num_heads": 32},
    "flan-t5-xxl": {**_T5, "d_model": 4096, "d_ff": 10240, "num_heads": 64},
}


def published(name: str) -> dict[str, Any]:
    """The configuration of `instructblip-NAME`; picture and Q-Former are the classes' defaults."""
    return {
        "model_type": "instructblip",
        "architectures": ["InstructBlipForConditionalGeneration"],
        "num_query_tokens": 32,
        "vision_config": {},
        "qformer_config": {"vocab_size": 30523},
        "text_config": dict(_TEXTS[name]),
    }


def small(name: str) -> dict[str, Any]:
    """The same kind of model with sizes that a CPU runs in milliseconds."""
    config = published(name)
    sizes = {"hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 2, "intermediate_size": 128}
    config["vision_config"] = {**sizes, "image_size": 56, "patch_size": 14}
    config["qformer_config"] = {**sizes, "vocab_size": 30523}
    if config["text_config"]["model_type"] == "t5":
        config["text_config"] |= {"d_model": 64, "d_ff": 128, "d_kv": 16, "num_heads": 4}
        config["text_config"] |= {"num_layers": 2, "num_decoder_layers": 2, "vocab_size": 512}
    else:
        config["text_config"] |= {**sizes, "vocab_size": 512}
    return config
