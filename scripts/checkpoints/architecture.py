"""The sizes of the bundled models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from transformers import (
    InstructBlipConfig,
    InstructBlipQFormerConfig,
    InstructBlipVisionConfig,
    LlamaConfig,
    T5Config,
)

QUERIES = 8
WIDTH = 128
PATCH = 28
GRID = 8  # patches along a side of the 224-pixel input


def padded(vocabulary: int) -> int:
    """The next multiple of 64, as the published checkpoints pad their embeddings."""
    return -(-vocabulary // 64) * 64


@dataclass(frozen=True)
class Ids:
    """Vocabulary size and special ids of a language-model tokenizer."""

    vocabulary: int
    bos: int | None
    eos: int
    pad: int
    image: int


def vision_config() -> InstructBlipVisionConfig:
    """A four-layer vision transformer over 8 by 8 patches."""
    return InstructBlipVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        num_hidden_layers=4,
        num_attention_heads=4,
        image_size=GRID * PATCH,
        patch_size=PATCH,
        initializer_range=0.02,
    )


def qformer_config(vocabulary: int) -> InstructBlipQFormerConfig:
    """A four-layer Q-Former that looks at the picture in every second layer."""
    return InstructBlipQFormerConfig(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=3 * WIDTH,
        max_position_embeddings=512,
        cross_attention_frequency=2,
        encoder_hidden_size=WIDTH,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


def t5_config(ids: Ids) -> T5Config:
    """Three encoder and two decoder layers, gated as in Flan-T5."""
    return T5Config(
        vocab_size=padded(ids.vocabulary),
        d_model=WIDTH,
        d_kv=32,
        num_heads=4,
        d_ff=2 * WIDTH,
        num_layers=3,
        num_decoder_layers=2,
        feed_forward_proj="gated-gelu",
        dropout_rate=0.0,
        decoder_start_token_id=ids.pad,  # type: ignore[call-arg]
        pad_token_id=ids.pad,
        eos_token_id=ids.eos,
    )


def llama_config(ids: Ids) -> LlamaConfig:
    """Four layers with the context of the first LLaMA."""
    return LlamaConfig(
        vocab_size=padded(ids.vocabulary),
        hidden_size=WIDTH,
        intermediate_size=344,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=2048,
        bos_token_id=ids.bos,
        eos_token_id=ids.eos,
        pad_token_id=ids.pad,
    )


def instructblip_config(
    text: T5Config | LlamaConfig, qformer_vocabulary: int, ids: Ids
) -> InstructBlipConfig:
    """The three parts put together."""
    parts: dict[str, Any] = {
        "vision_config": vision_config(),
        "qformer_config": qformer_config(qformer_vocabulary),
        "text_config": text,
    }
    return InstructBlipConfig(**parts, num_query_tokens=QUERIES, image_token_index=ids.image)
