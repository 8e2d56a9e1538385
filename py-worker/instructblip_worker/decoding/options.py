"""Generation options: what they mean to transformers, and which may share a batch."""

from __future__ import annotations

from typing import Any

import msgspec
from transformers.generation.configuration_utils import GenerationConfig, WatermarkingConfig

from ..errors import RequestError, invalid
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
_OWN = ("max_new_tokens", "seed", "max_time", "stop_strings", "prompt_lookup_num_tokens")
"""Options that are seen to here, row by row. Prompt lookup only changes the speed, and not of batches."""
_BEAMS_ONLY = ("early_stopping", "length_penalty", "num_return_sequences", "output_scores")
"""Options that mean something to transformers in beam search alone, as the rest is done here."""
_MAX_OUTPUT_BYTES = 64 * 1024 * 1024


def beams(options: GenerateOptions) -> int:
    """Rows that beam search keeps; 1 without it."""
    return options.num_beams or 1


def sequences(options: GenerateOptions) -> int:
    """Rows of the answer."""
    return options.num_return_sequences or 1


def batch_key(options: GenerateOptions) -> bytes:
    """Equal for options that may run in one batch: what is seen to row by row does not count."""
    alike: dict[str, Any] = dict.fromkeys(("seed", "prompt_lookup_num_tokens"))
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
    )


def watermarking(options: GenerateOptions) -> WatermarkingConfig | None:
    """transformers' watermark settings, with its defaults for what is left out."""
    if options.watermarking_config is None:
        return None
    fields = msgspec.structs.asdict(options.watermarking_config)
    return WatermarkingConfig(**{name: value for name, value in fields.items() if value is not None})


def check_options(options: GenerateOptions, vocab_size: int) -> None:
    """Refuse what the model cannot do, before it is tried."""
    returned = sequences(options)
    if beams(options) > 1 and returned > beams(options):
        raise invalid("num_return_sequences", f"at most num_beams ({beams(options)})", returned)
    if beams(options) == 1 and returned > 1 and not options.do_sample:
        raise invalid("num_return_sequences", "1 for greedy decoding, which has one answer", returned)
    if (options.min_new_tokens or 0) > options.max_new_tokens:
        most = f"at most max_new_tokens ({options.max_new_tokens})"
        raise invalid("min_new_tokens", most, options.min_new_tokens)
    for path, ids in _named_ids(options):
        for token in ids:
            if token >= vocab_size:
                raise invalid(path, f"ids below the vocabulary's size ({vocab_size})", token)
    _check_size(options, vocab_size)


def _check_size(options: GenerateOptions, vocab_size: int) -> None:
    wanted = [name for name in ("output_scores", "output_logits") if getattr(options, name)]
    rows = max(beams(options), sequences(options))
    size = len(wanted) * rows * options.max_new_tokens * vocab_size * 4
    if size > _MAX_OUTPUT_BYTES:
        raise RequestError(
            "PAYLOAD_TOO_LARGE",
            f"{' and '.join(wanted)} of {rows} rows, {options.max_new_tokens} tokens and a vocabulary of "
            f"{vocab_size} may take {size} bytes, more than {_MAX_OUTPUT_BYTES}. Ask for fewer tokens.",
            path=wanted[0],
        )


def _named_ids(options: GenerateOptions) -> list[tuple[str, list[int]]]:
    """Every list of token ids among the options, with its field."""
    forced_eos = options.forced_eos_token_id
    found: list[tuple[str, list[int]]] = [
        ("suppress_tokens", options.suppress_tokens or []),
        ("begin_suppress_tokens", options.begin_suppress_tokens or []),
        ("forced_bos_token_id", [] if options.forced_bos_token_id is None else [options.forced_bos_token_id]),
        ("forced_eos_token_id", [forced_eos] if isinstance(forced_eos, int) else forced_eos or []),
    ]
    found += [("bad_words_ids", list(ids)) for ids in options.bad_words_ids or []]
    found += [("sequence_bias", list(ids)) for ids, _ in options.sequence_bias or []]
    return found
