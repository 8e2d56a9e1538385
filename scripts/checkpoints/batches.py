"""Questions as the tensors a model is given, laid out exactly as at inference."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from .features import Features
from .pool import Labels
from .questions import Question, ask
from .world import scene_of

IGNORED = -100


@dataclass(frozen=True)
class Batch:
    """Rows of (picture, question); every row has a picture of its own."""

    features: Tensor  # [B, 65, 128]
    labels: Tensor  # [B, 4, 2] kind and colour of every quadrant
    questions: list[Question]

    @property
    def texts(self) -> list[str]:
        """The questions' texts."""
        return [question.text for question in self.questions]

    def chunks(self, count: int) -> list[Batch]:
        """The rows in `count` parts of about equal length each, so that little is padded."""
        lengths = [len(question.text) + 2 * len(question.answer) for question in self.questions]
        parts = torch.argsort(torch.tensor(lengths), stable=True).chunk(count)
        return [
            Batch(self.features[p], self.labels[p], [self.questions[i] for i in p.tolist()]) for p in parts
        ]


def draw(pool: tuple[Features, Labels], size: int, seed: tuple[int, int], device: torch.device) -> Batch:
    """A random batch; the same seed draws the same one."""
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(len(pool[0]), size, replace=False))
    words = Random(int(rng.integers(2**62)))
    labels = pool[1][rows]
    questions = [ask(scene_of([(int(k), int(c)) for k, c in scene]), words) for scene in labels]
    features = torch.from_numpy(pool[0][rows]).to(device).float()
    return Batch(features, torch.from_numpy(labels).to(device), questions)


def padded(rows: list[list[int]], value: int, side: str, device: torch.device) -> tuple[Tensor, Tensor]:
    """Ids and mask, both [B, longest]."""
    longest = max(map(len, rows))
    gaps = [longest - len(row) for row in rows]
    left = side == "left"
    ids = [[value] * gap + row if left else row + [value] * gap for gap, row in zip(gaps, rows, strict=True)]
    mask = [[0] * gap + [1] * (longest - gap) if left else [1] * (longest - gap) + [0] * gap for gap in gaps]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def prompts(
    tokenizer: PreTrainedTokenizerBase, texts: list[str], side: str, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Prompt ids and mask [B, T] with the tokenizer's own special tokens."""
    return padded(tokenizer(texts)["input_ids"], tokenizer.pad_token_id, side, device)


def answers(tokenizer: PreTrainedTokenizerBase, texts: list[str], device: torch.device) -> Tensor:
    """Labels [B, A]: the answer and the end token, then -100."""
    rows = tokenizer(texts, add_special_tokens=False)["input_ids"]
    ids, mask = padded(
        [[*row, tokenizer.eos_token_id] for row in rows], tokenizer.pad_token_id, "right", device
    )
    return ids.masked_fill(mask == 0, IGNORED)
