"""What a loaded model is, in READY's words."""

from __future__ import annotations

from typing import Any

from ..errors import config_invalid
from ..parts import Parts
from ..protocol import ModelFacts, Quantization
from ..special_tokens import SpecialTokens
from ..storage import DType

_QFORMER_TEXT = 512


def describe(
    parts: Parts,
    special: SpecialTokens | None,
    *,
    dtype: DType,
    quantization: Quantization,
    parameters: int,
) -> ModelFacts:
    """The facts of a model; ``special`` is None where there is no language model."""
    vision, qformer = parts.vision, parts.qformer
    text = parts.whole.config.text_config if parts.whole is not None else None
    return ModelFacts(
        language_model=text.model_type if text is not None else "none",
        dtype=dtype,
        quantization=quantization,
        device=str(parts.device),
        parameters=parameters,
        vocab_size=text.vocab_size if text is not None else 0,
        num_query_tokens=parts.whole.config.num_query_tokens if parts.whole is not None else 0,
        image_size=vision.config.image_size if vision is not None else 0,
        qformer_vocab_size=qformer.config.vocab_size if qformer is not None else 0,
        qformer_max_tokens=_qformer_text(qformer),
        context_length=_context_length(text),
        start_token_id=special.start if special is not None else 0,
        eos_token_ids=list(special.eos) if special is not None else [],
        pad_token_id=special.pad if special is not None else 0,
    )


def special_of(text: Any) -> SpecialTokens:
    """The special ids of a language model without a tokenizer: its configuration's. Raises LoadError."""
    eos = _ids(text.eos_token_id)
    if not eos:
        raise config_invalid("text_config has no eos_token_id: answers would never end.")
    pad = text.pad_token_id if text.pad_token_id is not None else eos[0]
    if text.is_encoder_decoder:
        # T5's configuration has no such field of its own.
        given = getattr(text, "decoder_start_token_id", None)
        start = given if given is not None else pad
    else:
        start = text.bos_token_id
    if start is None:
        raise config_invalid("text_config has no bos_token_id, with which every answer starts.")
    for name, ids in (("start", [start]), ("eos", eos), ("pad", [pad])):
        if not all(0 <= token < text.vocab_size for token in ids):
            raise config_invalid(f"The {name} id {ids} is outside of the vocabulary of {text.vocab_size}.")
    return SpecialTokens(start=start, eos=tuple(eos), pad=pad)


def _ids(found: int | list[int] | None) -> list[int]:
    if found is None:
        return []
    return list(found) if isinstance(found, list | tuple) else [found]


def _qformer_text(qformer: Any | None) -> int:
    return min(qformer.config.max_position_embeddings, _QFORMER_TEXT) if qformer is not None else 0


def _context_length(text: Any | None) -> int | None:
    """T5 has relative positions, and no end of them."""
    if text is None or text.model_type == "t5":
        return None
    return int(text.max_position_embeddings)
