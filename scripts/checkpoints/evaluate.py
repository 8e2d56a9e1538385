"""Exact answers on held-out questions: `python -m scripts.checkpoints.evaluate --models models`.

Prints a Markdown table for each checkpoint and writes the figures to its `evaluation.json`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import torch

from .assembly import NAMES
from .cases import Case, cases
from .inference import answer, load, same
from .questions import KINDS_OF_QUESTION, WEIGHTS
from .render import render
from .render_sdf import render_sdf
from .unusual import UNUSUAL

Score = dict[str, dict[str, float]]

FURTHER_KINDS = tuple(kind for kind in WEIGHTS if kind not in KINDS_OF_QUESTION)
_BATCH = 50


def score(folder: Path, suites: dict[str, list[Case]]) -> dict[str, Score]:
    """Right answers by suite and kind."""
    model, processor = load(folder)
    scores: dict[str, Score] = {}
    for suite, asked in suites.items():
        right: dict[str, list[bool]] = {question.kind: [] for _, question in asked}
        for batch in _batches(asked):
            given = answer(model, processor, [picture for picture, _ in batch], [q.text for _, q in batch])
            for text, (_, question) in zip(given, batch, strict=True):
                right[question.kind].append(same(text, question.answer))
        everything = [hit for hits in right.values() for hit in hits]
        scores[suite] = {kind: _summary(hits) for kind, hits in right.items()} | {"all": _summary(everything)}
    return scores


def _batches(asked: list[Case]) -> Iterator[list[Case]]:
    for start in range(0, len(asked), _BATCH):
        yield asked[start : start + _BATCH]


def _summary(hits: list[bool]) -> dict[str, float]:
    return {"right": sum(hits), "asked": len(hits), "accuracy": round(sum(hits) / len(hits), 4)}


def table(scores: dict[str, Score]) -> str:
    """Markdown: a row for each kind, a column for each suite."""
    kinds = list(dict.fromkeys(kind for score in scores.values() for kind in score if kind != "all"))
    lines = ["| kind | " + " | ".join(scores) + " |", "|---" * (len(scores) + 1) + "|"]
    for kind in [*kinds, "all"]:
        cells = [
            f"{100 * score[kind]['accuracy']:.1f} % of {score[kind]['asked']:.0f}" if kind in score else ""
            for score in scores.values()
        ]
        lines.append(f"| {'**all**' if kind == 'all' else f'`{kind}`'} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def suites(count: int) -> dict[str, list[Case]]:
    """Both renderers in the trained wordings, wordings never trained on, and the kinds beyond the seven."""
    return {
        "training renderer": cases(KINDS_OF_QUESTION, render, count, 0),
        "second renderer": cases(KINDS_OF_QUESTION, render_sdf, count, 100_000_000),
        "unusual wordings": cases(KINDS_OF_QUESTION, render_sdf, count // 4, 200_000_000, UNUSUAL),
        "further kinds": cases(FURTHER_KINDS, render_sdf, count // 4, 300_000_000),
    }


def main() -> None:
    """Evaluates the checkpoints and records the result beside each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of the checkpoints")
    parser.add_argument("--questions", type=int, default=2_000, help="held-out questions for each renderer")
    parser.add_argument(
        "--families", nargs="+", choices=list(NAMES), default=list(NAMES), help="what to evaluate"
    )
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    asked = suites(options.questions)
    for family in options.families:
        folder = options.models / NAMES[family]
        scores = score(folder, asked)
        (folder / "evaluation.json").write_text(json.dumps(scores, indent=2) + "\n")
        print(f"{NAMES[family]}\n\n{table(scores)}\n", flush=True)


if __name__ == "__main__":
    main()
