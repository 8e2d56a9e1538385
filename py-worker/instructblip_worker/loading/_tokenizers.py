"""What the worker has to know of the tokenizers: a few ids, and whether they fit the model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from ..errors import bad_data, config_invalid
from ..special_tokens import SpecialTokens
from ._agreement import PLACEHOLDERS, disagreements
from ._folder import read_json_if_there
from ._settings import Settings

_VOCAB_SIZES = {"t5": 32128, "llama": 32000, "opt": 50272}
"""transformers' defaults, which a configuration need not write down."""


@dataclass(frozen=True)
class Tokenizers:
    """The special ids, and what is worth a warning."""

    special: SpecialTokens
    warnings: list[str]


def inspect_tokenizers(checkpoint: Settings) -> Tokenizers:
    """Read both tokenizers and hold them against the model's configuration."""
    text = _read(checkpoint.folder, "tokenizer.json")
    qformer = _read(checkpoint.folder, "qformer_tokenizer/tokenizer.json")
    _check_qformer(qformer, int(checkpoint.config["qformer_config"].get("vocab_size", 30522)))
    vocab_size = int(checkpoint.text_config.get("vocab_size", _VOCAB_SIZES[checkpoint.language_model]))
    warnings = _outside(text, vocab_size)
    special = _special_tokens(checkpoint, text, warnings)
    for name, ids in (("start", [special.start]), ("eos", list(special.eos)), ("pad", [special.pad])):
        if any(token >= vocab_size for token in ids):
            raise config_invalid(f"The {name} id {ids} is outside of the vocabulary of {vocab_size}.")
    return Tokenizers(special, [*warnings, *disagreements(checkpoint, text, special)])


def _outside(tokenizer: Tokenizer, vocab_size: int) -> list[str]:
    """Ids beyond the model's vocabulary. Of placeholders that is a warning: nothing ever sends them."""
    outside = {token: index for token, index in tokenizer.get_vocab().items() if index >= vocab_size}
    if set(outside) <= set(PLACEHOLDERS):
        return [
            f"The tokenizer's {token} has the id {index}, but the language model's vocabulary ends at "
            f"{vocab_size - 1}. Workers do not need it."
            for token, index in outside.items()
        ]
    last = max(outside.values())
    raise config_invalid(
        f"The tokenizer has {last + 1} tokens, but the language model only {vocab_size}.",
        path="text_config.vocab_size",
    )


def _check_qformer(tokenizer: Tokenizer, vocab_size: int) -> None:
    """It must be BERT's: transformers falls back to the language model's when the folder lacks it."""
    if tokenizer.token_to_id("[CLS]") is None or tokenizer.token_to_id("[SEP]") is None:
        raise config_invalid("qformer_tokenizer is not BERT's: it knows neither [CLS] nor [SEP].")
    if tokenizer.get_vocab_size() > vocab_size:
        raise config_invalid(
            f"qformer_tokenizer has {tokenizer.get_vocab_size()} tokens, but the Q-Former only {vocab_size}.",
            path="qformer_config.vocab_size",
        )


def _special_tokens(checkpoint: Settings, tokenizer: Tokenizer, warnings: list[str]) -> SpecialTokens:
    names = _special_names(checkpoint.folder)
    eos = _find(tokenizer, names, "eos_token")
    if eos is None:
        raise config_invalid("The tokenizer has no eos_token: answers would never end.")
    pad = _find(tokenizer, names, "pad_token")
    if pad is None:
        warnings.append("The tokenizer has no pad_token; its eos_token pads instead.")
        pad = eos
    if checkpoint.language_model == "t5":
        configured = checkpoint.text_config.get("decoder_start_token_id")
        start = pad if configured is None else int(configured)
    else:
        found = _find(tokenizer, names, "bos_token")
        if found is None:
            raise config_invalid("The tokenizer has no bos_token, with which every answer starts.")
        start = found
    return SpecialTokens(start=start, eos=(eos,), pad=pad)


def _special_names(folder: Path) -> dict[str, Any]:
    """`tokenizer_config.json` over `special_tokens_map.json`, which older checkpoints have beside it."""
    names: dict[str, Any] = {}
    for file in ("special_tokens_map.json", "tokenizer_config.json"):
        found = read_json_if_there(folder, file)
        names.update({key: value for key, value in found.items() if value is not None})
    return names


def _find(tokenizer: Tokenizer, names: dict[str, Any], role: str) -> int | None:
    """The id of a token that is given by its text, alone or in a map with its settings."""
    name = names.get(role)
    text = name.get("content") if isinstance(name, dict) else name
    return tokenizer.token_to_id(text) if isinstance(text, str) else None


def _read(folder: Path, name: str) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(folder / name))
    except Exception as error:
        # The library has no exceptions of its own.
        raise bad_data(f"{name} cannot be read as a tokenizer.") from error
