"""What transformers' tokenizers make of given texts and ids.

usage: python tokens.py CASES

CASES is a JSON file {"tokenizer": folder, "texts": [...], "maxLength": n, "sequences": [[id, ...], ...]};
written to standard output: {"ids", "truncated", "padded", "decoded", "skipped", "cleaned"}.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from transformers import AutoTokenizer


def main(cases: Path) -> None:
    given = json.loads(cases.read_text())
    tokenizer = AutoTokenizer.from_pretrained(given["tokenizer"])
    texts, limit, sequences = given["texts"], given["maxLength"], given["sequences"]
    padded = tokenizer(texts[:200], padding=True, truncation=True, max_length=limit)
    right = tokenizer(texts[:200], padding=True, truncation=True, max_length=limit, padding_side="right")
    answer = {
        "ids": tokenizer(texts)["input_ids"],
        "truncated": tokenizer(texts, truncation=True, max_length=limit)["input_ids"],
        "padded": [padded["input_ids"], padded["attention_mask"]],
        "paddedRight": [right["input_ids"], right["attention_mask"]],
        "decoded": tokenizer.batch_decode(sequences),
        "skipped": tokenizer.batch_decode(sequences, skip_special_tokens=True),
        "cleaned": tokenizer.batch_decode(sequences, clean_up_tokenization_spaces=True),
        "padTokenId": tokenizer.pad_token_id,
        "vocabulary": len(tokenizer),
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
