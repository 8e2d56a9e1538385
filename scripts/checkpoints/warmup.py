"""Teaches the Q-Former, before any language model is there, to see and to answer through throw-away heads."""

from __future__ import annotations

import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import InstructBlipQFormerModel, PreTrainedTokenizerBase

from .architecture import QUERIES, WIDTH, qformer_config
from .batches import Batch, draw, prompts
from .features import Features
from .forward import queried
from .pool import Labels
from .questions import COUNTS, Question
from .schedule import optimizer, rate, set_rate
from .state import load_state, save_state
from .world import COLORS, KINDS

ANSWERS = (*COLORS, *KINDS, *COUNTS, "yes", "no", "a description")
PEAK_RATE = 1e-3


class Asker(nn.Module):
    """The queries, the Q-Former, and heads that read what the first five queries have become."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(1, QUERIES, WIDTH) * 0.5)
        self.qformer = InstructBlipQFormerModel(qformer_config(vocabulary))
        self.qformer.set_attn_implementation("eager")  # on a CPU the fastest backward pass for so few tokens
        self.kind = nn.Linear(WIDTH, len(KINDS) + 1)
        self.color = nn.Linear(WIDTH, len(COLORS) + 1)
        self.answer = nn.Linear(WIDTH, len(ANSWERS))
        self.compared = nn.Linear(WIDTH, len(KINDS))
        self.side = nn.Linear(WIDTH, 2)

    def forward(self, features: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """Features [B, 65, 128], instructions [B, T] → query outputs [B, 8, 128]."""
        return queried(self.qformer, self.queries, features, ids, mask)

    def loss(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Query i < 4 names the shape in quadrant i, 4 the answer, 5 and 6 what is compared and where."""
        quadrants, spoken = outputs[:, :4], outputs[:, 4]  # [B, 4, 128], [B, 128]
        target = torch.tensor([_class(question) for question in batch.questions], device=outputs.device)
        named = F.cross_entropy(self.kind(quadrants).flatten(0, 1).float(), batch.labels[..., 0].flatten())
        colored = F.cross_entropy(self.color(quadrants).flatten(0, 1).float(), batch.labels[..., 1].flatten())
        answered = F.cross_entropy(self.answer(spoken).float(), target)
        return named + colored + answered + self._comparison(outputs[:, 5:7], batch)

    def _comparison(self, pair: Tensor, batch: Batch) -> Tensor:
        """Pair [B, 2, 128]; only the rows that compare two shapes count."""
        rows = [row for row, question in enumerate(batch.questions) if question.compared]
        if not rows:
            return pair.new_zeros(())
        kinds = torch.tensor(
            [[KINDS.index(kind) for kind in batch.questions[row].compared] for row in rows],
            device=pair.device,
        )  # [R, 2]
        found = batch.labels[rows, :, 0, None] == kinds[:, None]  # [R, 4, 2]
        sides = found.int().argmax(1) // 2  # [R, 2] the column of the quadrant that holds it
        which = F.cross_entropy(self.compared(pair[rows]).flatten(0, 1).float(), kinds.flatten())
        where = F.cross_entropy(self.side(pair[rows]).flatten(0, 1).float(), sides.flatten())
        return which + where


def _class(question: Question) -> int:
    return ANSWERS.index(question.answer) if question.kind != "describe" else len(ANSWERS) - 1


def warm_up(
    work: Path,
    pool: tuple[Features, Labels],
    tokenizer: PreTrainedTokenizerBase,
    steps: int,
    size: int,
    device: torch.device,
) -> Asker:
    """Runs or resumes `steps` batches."""
    asker = Asker(len(tokenizer)).to(device)
    adam = optimizer((asker.parameters(), 1.0))
    path = work / "warmup"
    start = load_state(path, asker, adam)
    began, mean = time.monotonic(), 0.0
    for step in range(start, steps):
        batch = draw(pool, size, (13, step), device)
        set_rate(adam, rate(step, steps, PEAK_RATE, floor=0.2))
        adam.zero_grad()
        for part in batch.chunks(2):
            ids, mask = prompts(tokenizer, part.texts, "right", device)
            with torch.autocast(device.type, torch.bfloat16):
                loss = asker.loss(asker(part.features, ids, mask), part) * len(part.questions) / size
            loss.backward()  # type: ignore[no-untyped-call]
            mean += loss.item()
        nn.utils.clip_grad_norm_(asker.parameters(), 1.0)
        adam.step()
        if (step + 1) % 50 == 0:
            print(
                f"warm-up {step + 1}/{steps} loss {mean / 50:.4f} {time.monotonic() - began:.0f}s", flush=True
            )
            mean = 0.0
        if (step + 1) % 500 == 0 or step + 1 == steps:
            save_state(path, asker, adam, step + 1)
    return asker
