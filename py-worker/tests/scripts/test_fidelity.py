"""The measure of precision measures: none against itself, something against bfloat16."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from instructblip_worker.storage import make_plan
from scripts.precision.fidelity import Reference, compare
from scripts.precision.questions import held_out
from scripts.precision.subject import Subject

MODELS = Path(__file__).parents[3] / "models"
CPU = torch.device("cpu")


@pytest.mark.parametrize("name", ["tiny-shapes-t5", "tiny-shapes-llama"])
def test_a_precision_against_float32(name: str) -> None:
    questions = held_out(MODELS / name, 6)
    full = Subject.load(MODELS / name, make_plan("float32", "none", "cpu"), CPU)
    reference = Reference.of(full, questions)
    assert len(reference.answers) == 6
    # What was taken greedily is what scores highest, step by step.
    assert reference.scores.argmax(-1).tolist() == [token for row in reference.answers for token in row]

    itself = compare(full, reference)
    assert (itself.same_answers, itself.same_tokens) == (6, itself.tokens)
    assert itself.max_error == 0

    half = Subject.load(MODELS / name, make_plan("bfloat16", "none", "cpu"), CPU)
    assert half.weight_bytes * 2 == full.weight_bytes
    found = compare(half, reference)
    assert 0 < found.mean_error < found.max_error < found.spread
