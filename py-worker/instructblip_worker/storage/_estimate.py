"""How much memory a model takes, before any of it is read."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from ._outline import Outline, Weight
from ._plan import Form, Plan

PartName = Literal[
    "vision encoder", "Q-Former", "projection", "language model", "embeddings", "language model head"
]

_NUMBER_BYTES: dict[str, int] = {"float32": 4, "bfloat16": 2, "float16": 2}
_FLOAT = 4
_NF4_BLOCK = 64
_NF4_TABLE = 16
_PICTURES_AT_ONCE = 4
_SCORE_COPIES = 3
"""The scores of a step in float32, and what processors and softmax make of them."""


@dataclass(frozen=True)
class Part:
    """One part of the model."""

    name: PartName
    layers: int | None
    parameters: int
    bytes: int
    forms: dict[Form, int]
    """Bytes by form."""


@dataclass(frozen=True)
class Cache:
    """Bytes of keys and values that one row of a batch keeps for each token."""

    prompt: int
    """Of a token of the picture or the prompt: for T5 in cross-attention, else in self-attention."""
    new: int
    """Of a token that is generated."""

    def row(self, prompt_tokens: int, new_tokens: int) -> int:
        """Bytes of a whole row."""
        return self.prompt * prompt_tokens + self.new * new_tokens


@dataclass(frozen=True)
class Estimate:
    """What a model takes by one plan. Bytes."""

    parts: tuple[Part, ...]
    cache: Cache
    working: int
    """About what computing takes at its height, for one row: activations, scores, a matrix being unpacked."""
    row: int
    """Keys and values of one row of ordinary length."""
    row_tokens: tuple[int, int]
    """Tokens of that row: picture and prompt, and new ones."""

    @property
    def parameters(self) -> int:
        """How many numbers the model has."""
        return sum(part.parameters for part in self.parts)

    @property
    def weights(self) -> int:
        """Bytes of all weights."""
        return sum(part.bytes for part in self.parts)

    @property
    def needed(self) -> int:
        """The least with which it can answer one question."""
        return self.weights + self.working + self.row


PROMPT_TOKENS = 64
NEW_TOKENS = 256
"""Of a row of ordinary length; the picture's tokens come on top."""


def estimate(config: Any, outline: Outline, plan: Plan) -> Estimate:
    """The estimate for an ``InstructBlipConfig``."""
    sizes: dict[PartName, Counter[Form]] = {name: Counter() for name in _layers(config)}
    parameters: Counter[PartName] = Counter()
    for weight in outline:
        form = plan.form(weight, outline)
        sizes[part_of(weight)][form] += stored_bytes(weight, form)
        parameters[part_of(weight)] += weight.size
    parts = tuple(
        Part(name, layers, parameters[name], sum(sizes[name].values()), dict(sizes[name]))
        for name, layers in _layers(config).items()
    )
    cache = _cache(config, plan)
    tokens = (config.num_query_tokens + PROMPT_TOKENS, NEW_TOKENS)
    return Estimate(parts, cache, _working(config, outline, plan), cache.row(*tokens), tokens)


def weight_bytes(outline: Outline, plan: Plan) -> int:
    """Bytes of all weights of a model of any class."""
    return sum(stored_bytes(weight, plan.form(weight, outline)) for weight in outline)


def stored_bytes(weight: Weight, form: Form) -> int:
    """Bytes of one weight, with the scales that belong to it."""
    if form == "int8":
        return weight.size + _FLOAT * weight.shape[0]
    if form == "nf4":
        blocks = math.ceil(weight.size / _NF4_BLOCK)
        return math.ceil(weight.size / 2) + _FLOAT * (blocks + _NF4_TABLE)
    return weight.size * _NUMBER_BYTES[form]


def part_of(weight: Weight) -> PartName:
    """The part that a weight belongs to."""
    first, *rest = weight.name.split(".")
    if first == "vision_model":
        return "vision encoder"
    if first in ("qformer", "query_tokens"):
        return "Q-Former"
    if first == "language_projection":
        return "projection"
    if "lm_head" in rest:
        return "language model head"
    return "embeddings" if {"shared", "embed_tokens", "embed_positions"} & set(rest) else "language model"


def _layers(config: Any) -> dict[PartName, int | None]:
    text = config.text_config
    # T5 counts its encoder's and its decoder's layers apart.
    layers = text.num_hidden_layers + (text.num_decoder_layers if text.is_encoder_decoder else 0)
    return {
        "vision encoder": config.vision_config.num_hidden_layers,
        "Q-Former": config.qformer_config.num_hidden_layers,
        "projection": None,
        "language model": layers,
        "embeddings": None,
        "language model head": None,
    }


def _cache(config: Any, plan: Plan) -> Cache:
    """Keys and values of every layer, in the type that is computed in."""
    text = config.text_config
    if text.is_encoder_decoder:
        width, layers = text.num_heads * text.d_kv, text.num_decoder_layers
    else:
        heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
        head = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
        width, layers = heads * head, text.num_hidden_layers
    token = 2 * layers * width * _NUMBER_BYTES[plan.dtype]
    return Cache(prompt=token, new=token)


def _working(config: Any, outline: Outline, plan: Plan) -> int:
    """The largest of the stages' activations: inputs and outputs of a layer's matrices that live together."""
    vision, text = config.vision_config, config.text_config
    number = _NUMBER_BYTES[plan.dtype]
    patches = (vision.image_size // vision.patch_size) ** 2 + 1
    seeing = _PICTURES_AT_ONCE * patches * (8 * vision.hidden_size + 2 * vision.intermediate_size) * number
    inner = next(
        getattr(text, name) for name in ("d_ff", "ffn_dim", "intermediate_size") if hasattr(text, name)
    )
    tokens = config.num_query_tokens + PROMPT_TOKENS
    reading = tokens * (8 * text.hidden_size + 3 * inner) * number
    scoring = _SCORE_COPIES * text.vocab_size * _FLOAT
    quantised = [weight.size for weight in outline if plan.form(weight, outline) in ("int8", "nf4")]
    unpacking = max(quantised, default=0) * number
    height: int = max(seeing, reading + scoring + unpacking)
    return height
