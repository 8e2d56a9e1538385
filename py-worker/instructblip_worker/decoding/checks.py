"""Refusing options that the model cannot do, before they are tried."""

from __future__ import annotations

from ..errors import RequestError, invalid
from ..protocol import OUTPUT_BYTES, GenerateOptions
from .options import beams, looks_up, sequences
from .output_size import LanguageModelShape, output_bytes


def check_options(options: GenerateOptions, prompt: int, shape: LanguageModelShape) -> None:
    """Raise :class:`~..errors.RequestError` for what cannot be run on ``prompt`` tokens, queries included."""
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
            if token >= shape.vocab_size:
                raise invalid(path, f"ids below the vocabulary's size ({shape.vocab_size})", token)
    _check_forced(options)
    if looks_up(options):
        _check_lookup(options)
    _check_size(options, prompt, shape)


def _check_forced(options: GenerateOptions) -> None:
    """A step at which every token is out of the question has no answer."""
    suppressed = set(options.suppress_tokens or [])
    forced_eos = options.forced_eos_token_id
    forced = {
        "forced_bos_token_id": [options.forced_bos_token_id],
        "forced_eos_token_id": forced_eos if isinstance(forced_eos, list) else [forced_eos],
    }
    for path, ids in forced.items():
        if ids and ids != [None] and suppressed.issuperset(ids):
            raise invalid(path, "a token that suppress_tokens does not rule out", ids)


def _check_lookup(options: GenerateOptions) -> None:
    """Guessing ahead is greedy decoding's, with keys and values that can be taken back."""
    contrary = {
        "num_beams": beams(options) > 1,
        "do_sample": options.do_sample,
        "use_cache": options.use_cache is False,
        "cache_implementation": options.cache_implementation == "static",
        "output_attentions": options.output_attentions,
        "output_hidden_states": options.output_hidden_states,
    }
    for name, set_so in contrary.items():
        if set_so:
            value = getattr(options, name)
            raise invalid(name, "left out with prompt_lookup_num_tokens", value)


def _check_size(options: GenerateOptions, prompt: int, shape: LanguageModelShape) -> None:
    sizes = output_bytes(options, prompt, shape)
    size = sum(sizes.values())
    if size > OUTPUT_BYTES:
        largest = max(sizes, key=lambda name: sizes[name])
        raise RequestError(
            "PAYLOAD_TOO_LARGE",
            f"{' and '.join(sizes)} of {max(beams(options), sequences(options))} rows and "
            f"{options.max_new_tokens} tokens may take {size} bytes, more than {OUTPUT_BYTES}. "
            "Ask for fewer tokens.",
            path=largest,
        )


def _named_ids(options: GenerateOptions) -> list[tuple[str, list[int]]]:
    """Every list of token ids among the options, with its field."""
    forced_eos = options.forced_eos_token_id
    found: list[tuple[str, list[int]]] = [
        ("suppress_tokens", options.suppress_tokens or []),
        ("begin_suppress_tokens", options.begin_suppress_tokens or []),
        ("forced_bos_token_id", [] if options.forced_bos_token_id is None else [options.forced_bos_token_id]),
        ("forced_eos_token_id", [forced_eos] if isinstance(forced_eos, int) else forced_eos or []),
        ("eos_token_id", options.eos_token_id or []),
        ("pad_token_id", [] if options.pad_token_id is None else [options.pad_token_id]),
    ]
    found += [("bad_words_ids", list(ids)) for ids in options.bad_words_ids or []]
    found += [("sequence_bias", list(ids)) for ids, _ in options.sequence_bias or []]
    return found
