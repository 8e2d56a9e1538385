"""Generation options: what they mean to transformers, and which may share a batch."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from transformers.generation.configuration_utils import GenerationConfig, WatermarkingConfig

from ..protocol import GenerateOptions
from ..special_tokens import SpecialTokens

_WARPERS = (
    "temperature",
    "top_k",
    "top_p",
    "min_p",
    "top_h",
    "typical_p",
    "epsilon_cutoff",
    "eta_cutoff",
    "watermarking_config",
    "renormalize_logits",
)
"""Options that `sampling.py` puts into effect, as they come after transformers' own place for ours."""
_OWN = (
    "max_new_tokens",
    "seed",
    "max_time",
    "stop_strings",
    "eos_token_id",
    "pad_token_id",
    "log_probs",
)
"""Options that are seen to here, row by row or batch by batch."""
_BEAMS_ONLY = ("early_stopping", "length_penalty", "num_return_sequences")
"""Options that mean something to transformers in beam search alone, as the rest is done here."""


def beams(options: GenerateOptions) -> int:
    """Rows that beam search keeps; 1 without it."""
    return options.num_beams or 1


def sequences(options: GenerateOptions) -> int:
    """Rows of the answer."""
    return options.num_return_sequences or 1


def looks_up(options: GenerateOptions) -> bool:
    """Whether tokens are guessed from earlier ones, several a step."""
    return options.prompt_lookup_num_tokens is not None


def ending(options: GenerateOptions, special: SpecialTokens) -> SpecialTokens:
    """The special tokens of a request: the tokenizer's, but for those it names itself."""
    return SpecialTokens(
        start=special.start,
        eos=special.eos if options.eos_token_id is None else tuple(options.eos_token_id),
        pad=special.pad if options.pad_token_id is None else options.pad_token_id,
    )


def batch_key(options: GenerateOptions) -> bytes:
    """Equal for options that may run in one batch: what is seen to row by row does not count."""
    if looks_up(options) or options.output_attentions or options.output_hidden_states:
        # transformers guesses for a single row only; states of one request need no padding to cut off.
        return secrets.token_bytes(16)
    alike: dict[str, Any] = {"seed": None, "log_probs": None}
    if beams(options) == 1:
        alike["max_time"] = None
        if options.forced_eos_token_id is None:
            alike["max_new_tokens"] = 1
    elif options.do_sample:
        # transformers draws for all rows of a beam search from one generator: each runs alone.
        alike.pop("seed")
    return msgspec.msgpack.encode(msgspec.structs.replace(options, **alike))


def generation_config(options: GenerateOptions, special: SpecialTokens, longest: int) -> GenerationConfig:
    """The configuration of one ``generate`` call, of at most ``longest`` new tokens.

    Sampling without beams is asked for as greedy decoding: its draw is the last of our own processors.
    """
    kept = {
        name: value
        for name, value in msgspec.structs.asdict(options).items()
        if value is not None and name not in _OWN
    }
    search = beams(options) > 1
    if not search:
        kept = {name: value for name, value in kept.items() if name not in (*_WARPERS, *_BEAMS_ONLY)}
        kept["do_sample"] = False
    elif not options.do_sample:
        kept = {name: value for name, value in kept.items() if name not in _WARPERS[:-2]}
    if options.sequence_bias is not None:
        kept["sequence_bias"] = [[list(ids), bias] for ids, bias in options.sequence_bias]
    if "watermarking_config" in kept:
        kept["watermarking_config"] = watermarking(options)
    return GenerationConfig(
        **kept,
        max_new_tokens=longest,
        bos_token_id=special.start,
        decoder_start_token_id=special.start,
        eos_token_id=list(special.eos),
        pad_token_id=special.pad,
        return_dict_in_generate=True,
        # With a static cache transformers would compile the model on a GPU, anew for every shape.
        disable_compile=True,
    )


def watermarking(options: GenerateOptions) -> WatermarkingConfig | None:
    """transformers' watermark settings, with its defaults for what is left out."""
    if options.watermarking_config is None:
        return None
    fields = msgspec.structs.asdict(options.watermarking_config)
    return WatermarkingConfig(**{name: value for name, value in fields.items() if value is not None})
