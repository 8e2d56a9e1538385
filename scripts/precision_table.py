"""Every type and quantisation that runs on the CPU, against float32: `python scripts/precision_table.py`.

Prints a Markdown table for each bundled checkpoint. CPU seconds, the precisions taking turns.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import sys
import time
import warnings
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "py-worker")]

import torch  # noqa: E402

from instructblip_worker.storage import Library, Plan, make_plan  # noqa: E402
from scripts.precision.fidelity import Fidelity, Reference, compare  # noqa: E402
from scripts.precision.markdown import table  # noqa: E402
from scripts.precision.questions import Questions, held_out  # noqa: E402
from scripts.precision.subject import Subject  # noqa: E402

CHECKPOINTS = ("tiny-shapes-t5", "tiny-shapes-llama")
TIMED_QUESTIONS = 8
CPU = torch.device("cpu")


def plans() -> list[Plan]:
    """What a worker does on the CPU, float32 first, and torchao's int8 beside it."""
    chosen = [
        make_plan(dtype, quantization, "cpu")
        for quantization in ("none", "int8", "nf4")
        for dtype in ("float32", "bfloat16", "float16")
    ]
    torchao: Library = "torchao"
    return [*chosen, Plan("float32", "int8", torchao, "cpu"), Plan("bfloat16", "int8", torchao, "cpu")]


def seconds(subjects: list[Subject], questions: Questions, rounds: int) -> list[list[float]]:
    """CPU seconds of each subject in each round."""
    taken: list[list[float]] = [[] for _ in subjects]
    for turn in range(rounds + 1):
        for subject, times in zip(subjects, taken, strict=True):
            begun = time.process_time()
            subject.answer(subject.prompt(questions))
            # The first turn warms up.
            if turn > 0:
                times.append(time.process_time() - begun)
    return taken


def row(subject: Subject, found: Fidelity, times: list[float], full: list[float]) -> list[str]:
    """A line of the table."""
    plan = subject.plan
    ratios = [ours / theirs for ours, theirs in zip(times, full, strict=True)]
    return [
        plan.dtype,
        plan.quantization if plan.library is None else f"{plan.quantization}, {plan.library}",
        f"{found.same_answers} / {found.answers}",
        f"{found.same_tokens} / {found.tokens}",
        f"{found.mean_error:.4f}",
        f"{found.max_error:.3f}",
        f"{subject.weight_bytes / 1e6:.2f}",
        f"{min(ratios):.2f} / {statistics.median(ratios):.2f} / {max(ratios):.2f}",
    ]


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=200, help="held-out questions (default: 200)")
    parser.add_argument("--rounds", type=int, default=5, help="timed rounds (default: 5)")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    heads = [
        *("type", "quantisation", "same answers", "same tokens", "mean error", "max error", "MB"),
        "time ÷ float32's, min / median / max",
    ]
    for name in CHECKPOINTS:
        folder = ROOT / "models" / name
        questions = held_out(folder, options.questions)
        subjects = [Subject.load(folder, plan, CPU) for plan in plans()]
        reference = Reference.of(subjects[0], questions)
        found = [compare(subject, reference) for subject in subjects]
        times = seconds(subjects, questions.part(0, TIMED_QUESTIONS), options.rounds)
        rows = [
            row(subject, fidelity, taken, times[0])
            for subject, fidelity, taken in zip(subjects, found, times, strict=True)
        ]
        print(f"{name}: float32's scores have a standard deviation of {found[0].spread:.2f}.\n")
        print(f"{table(heads, rows, texts=2)}\n", flush=True)


if __name__ == "__main__":
    main()
