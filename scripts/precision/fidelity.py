"""Answers and scores in one precision against those in float32."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scripts.precision.questions import Questions
from scripts.precision.subject import Subject

_TOGETHER = 25


@dataclass(frozen=True)
class Reference:
    """What float32 answers, and the scores it answers from."""

    questions: Questions
    answers: list[list[int]]
    scores: torch.Tensor  # f32 [tokens, V]

    @classmethod
    def of(cls, subject: Subject, questions: Questions) -> Reference:
        """The reference of a model in float32."""
        answers: list[list[int]] = []
        scores: list[torch.Tensor] = []
        for start in range(0, len(questions), _TOGETHER):
            prompt = subject.prompt(questions.part(start, _TOGETHER))
            answers += subject.answer(prompt)
            scores.append(subject.scores(prompt, answers[start:]))
        return cls(questions, answers, torch.cat(scores))


@dataclass(frozen=True)
class Fidelity:
    """How near a precision comes."""

    same_answers: int
    answers: int
    same_tokens: int
    """Likeliest tokens that are float32's, each after float32's own tokens before it."""
    tokens: int
    mean_error: float
    """Mean difference of a score."""
    max_error: float
    spread: float
    """Standard deviation of float32's scores, to hold the errors against."""


def compare(subject: Subject, reference: Reference) -> Fidelity:
    """The fidelity of a model that was given the reference's questions."""
    questions, expected = reference.questions, reference.answers
    same_answers = 0
    found: list[torch.Tensor] = []
    for start in range(0, len(questions), _TOGETHER):
        prompt = subject.prompt(questions.part(start, _TOGETHER))
        theirs = expected[start : start + _TOGETHER]
        same_answers += sum(a == b for a, b in zip(subject.answer(prompt), theirs, strict=True))
        found.append(subject.scores(prompt, theirs))
    scores = torch.cat(found)
    errors = (scores - reference.scores).abs()
    return Fidelity(
        same_answers=same_answers,
        answers=len(expected),
        same_tokens=int((scores.argmax(-1) == reference.scores.argmax(-1)).sum()),
        tokens=len(scores),
        mean_error=float(errors.mean()),
        max_error=float(errors.max()),
        spread=float(reference.scores.std()),
    )
