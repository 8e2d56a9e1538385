"""Writes the model cards from the recorded evaluation: `python -m scripts.checkpoints.card`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .assembly import NAMES
from .evaluate import table

_FAMILIES = {
    "t5": (
        "T5 (three encoder and two decoder layers, gated GELU)",
        (
            "Unigram with the nmt_nfkc normaliser, right padded, `</s>` (1) at the end, `<pad>` 0, "
            "`<unk>` 2, 100 sentinels, `<image>` last"
        ),
        "Flan-T5",
    ),
    "llama": (
        "LLaMA (four layers)",
        (
            "BPE with byte fallback, left padded, `</s>` (2) as beginning, end and unknown token, prepended "
            "and never appended, `[PAD]` after the base vocabulary, `<image>` after it"
        ),
        "Vicuna",
    ),
}

_TEMPLATE = Path(__file__).with_name("card.md")


def card(folder: Path, family: str, hours: str) -> str:
    """The README of a checkpoint whose evaluation has been recorded."""
    language, tokenizer, likeness = _FAMILIES[family]
    scores = json.loads((folder / "evaluation.json").read_text())
    size = (folder / "model.safetensors").stat().st_size / 1e6
    return _TEMPLATE.read_text().format(
        name=NAMES[family],
        likeness=likeness,
        language=language,
        tokenizer=tokenizer,
        size=size,
        table=table(scores),
        hours=hours,
    )


def main() -> None:
    """Writes both cards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of the checkpoints")
    parser.add_argument("--hours", default="an hour and a half", help="how long training took, for the card")
    options = parser.parse_args()
    for family, name in NAMES.items():
        folder = options.models / name
        (folder / "README.md").write_text(card(folder, family, options.hours))


if __name__ == "__main__":
    main()
