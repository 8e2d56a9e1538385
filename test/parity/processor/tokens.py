"""What transformers' tokenizers, and the Rust library under them, make of given texts and ids.

usage: python tokens.py CASES ANSWERS

CASES is a JSON file {"texts", "maxLength", "sequences", "checkpoints": [folder, ...], "layouts": [file, ...],
"sweeps": [folder, ...]}. Written to ANSWERS: {"checkpoints", "layouts", "sweeps"}, see the functions below.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from transformers import AutoTokenizer

BLOCK = 256


def checkpoint(folder: str, given: dict[str, Any]) -> dict[str, Any]:
    """Answers of a checkpoint's tokenizer, called as transformers' users do."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts, limit, sequences = given["texts"], given["maxLength"], given["sequences"]
    padded = tokenizer(texts[:200], padding=True, truncation=True, max_length=limit)
    right = tokenizer(texts[:200], padding=True, truncation=True, max_length=limit, padding_side="right")
    return {
        "ids": tokenizer(texts)["input_ids"],
        "bareIds": tokenizer(texts, add_special_tokens=False)["input_ids"],
        "truncated": tokenizer(texts, truncation=True, max_length=limit)["input_ids"],
        "padded": [padded["input_ids"], padded["attention_mask"]],
        "paddedRight": [right["input_ids"], right["attention_mask"]],
        "decoded": tokenizer.batch_decode(sequences),
        "skipped": tokenizer.batch_decode(sequences, skip_special_tokens=True),
        "cleaned": tokenizer.batch_decode(sequences, clean_up_tokenization_spaces=True),
        "padTokenId": tokenizer.pad_token_id,
    }


def layout(file: str, given: dict[str, Any]) -> dict[str, Any]:
    """Answers of the Rust library for one tokenizer.json."""
    tokenizer = Tokenizer.from_file(file)
    return {
        "ids": [encoding.ids for encoding in tokenizer.encode_batch(given["texts"])],
        "decoded": [tokenizer.decode(ids, skip_special_tokens=False) for ids in given["sequences"]],
    }


def sweep(folder: str, texts: list[str]) -> dict[str, Any]:
    """The first two steps for every code point, 256 a text, and for the texts."""
    backend = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    blocks = [block(start) for start in range(0, 0x110000, BLOCK)] + texts
    normalize, split = backend.normalizer, backend.pre_tokenizer
    return {
        "normalized": [normalize.normalize_str(text) for text in blocks],
        "words": [[word for word, _ in split.pre_tokenize_str(text)] for text in blocks],
    }


def block(start: int) -> str:
    return "".join(f"a{chr(c)}b " for c in range(start, start + BLOCK) if not 0xD800 <= c <= 0xDFFF)


def main(cases: Path, answers: Path) -> None:
    given = json.loads(cases.read_text())
    found = {
        "checkpoints": [checkpoint(folder, given) for folder in given["checkpoints"]],
        "layouts": [layout(file, given) for file in given["layouts"]],
        "sweeps": {folder: sweep(folder, given["texts"]) for folder in given["sweeps"]},
    }
    answers.write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
