"""What a checkpoint's files say of each other, where workers can do without: worth a warning, no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tokenizers import Tokenizer

from ..special_tokens import SpecialTokens
from ._folder import read_json_if_there
from ._settings import Settings

PLACEHOLDERS = ("<image>", "<video>")
"""Tokens that stand for pictures in checkpoints since November 2024. Workers never send them."""


def disagreements(settings: Settings, tokenizer: Tokenizer, special: SpecialTokens) -> Iterator[str]:
    """A sentence for every setting that is believed of one file and not of another."""
    yield from _queries(settings)
    yield from _placeholder(settings, tokenizer)
    yield from _special_ids(settings, special)
    yield from _prompt_template(settings, tokenizer, special)
    yield from _padding(settings)


def _queries(settings: Settings) -> Iterator[str]:
    said = settings.processor.get("num_query_tokens")
    count = settings.config.get("num_query_tokens", 32)
    if said not in (None, count):
        yield f"processor_config.json says {said} query tokens, config.json {count}; the model has {count}."


def _placeholder(settings: Settings, tokenizer: Tokenizer) -> Iterator[str]:
    index = settings.config.get("image_token_index")
    found = tokenizer.token_to_id(PLACEHOLDERS[0])
    if index is not None and index != found:
        knows = "has no <image>" if found is None else f"has <image> as {found}"
        yield f"config.json says image_token_index {index}, but the tokenizer {knows}; workers need neither."


def _special_ids(settings: Settings, special: SpecialTokens) -> Iterator[str]:
    files = {
        "config.json": settings.text_config,
        "generation_config.json": read_json_if_there(settings.folder, "generation_config.json"),
    }
    for file, values in files.items():
        for name, ids in (("eos", special.eos), ("pad", (special.pad,))):
            configured = values.get(f"{name}_token_id")
            if name == "pad" and special.pad in special.eos:
                # The tokenizer has none of its own.
                continue
            if configured is not None and tuple(_as_list(configured)) != ids:
                shown = ids[0] if len(ids) == 1 else list(ids)
                yield f"{file} says {name} {configured}, the tokenizer {shown}; the tokenizer is believed."


def _prompt_template(settings: Settings, tokenizer: Tokenizer, special: SpecialTokens) -> Iterator[str]:
    """T5 was trained on prompts that end with EOS, Vicuna on prompts that start with EOS in place of BOS."""
    ids = tokenizer.encode("a").ids
    if settings.language_model == "t5" and ids[-1:] != [special.eos[0]]:
        yield "The tokenizer does not end prompts with its eos_token, as T5 was trained to expect."
    if settings.language_model == "llama" and ids[:1] != [special.start]:
        yield "The tokenizer does not start prompts with its bos_token; answers may be poor."
    if settings.language_model == "llama" and special.start not in special.eos:
        yield (
            f"Prompts start with {tokenizer.id_to_token(special.start)}. InstructBLIP's Vicuna was trained "
            "with its eos_token there, and answers worse without."
        )


def _padding(settings: Settings) -> Iterator[str]:
    """A side that is written down reaches the Q-Former's tokenizer in transformers' own processor."""
    block = read_json_if_there(settings.folder, "tokenizer.json").get("padding") or {}
    sides = {
        "tokenizer_config.json": read_json_if_there(settings.folder, "tokenizer_config.json").get(
            "padding_side"
        ),
        "tokenizer.json": str(block.get("direction", "")).lower() or None,
    }
    for file, side in sides.items():
        if side == "left":
            yield (
                f"{file} sets the padding to the left. transformers' own processor then pads the Q-Former's "
                "text there too, and short prompts of its batches see other features. Workers do not."
            )


def _as_list(found: Any) -> list[Any]:
    return list(found) if isinstance(found, list) else [found]
