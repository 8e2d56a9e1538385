"""Teaches the vision tower to see: two throw-away heads name the kind and the colour in every quadrant."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import InstructBlipVisionModel

from .architecture import GRID, PATCH, WIDTH, vision_config
from .pool import Labels, Pixels
from .schedule import optimizer, rate, set_rate
from .state import load_state, save_state
from .world import COLORS, KINDS, column, row

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
PEAK_RATE = 1.5e-3


class Seer(nn.Module):
    """The vision tower and its throw-away heads."""

    def __init__(self) -> None:
        super().__init__()
        self.tower = InstructBlipVisionModel(vision_config())
        self.tower.set_attn_implementation("eager")  # on a CPU the fastest backward pass for so few tokens
        self.kind = nn.Linear(WIDTH, len(KINDS) + 1)
        self.color = nn.Linear(WIDTH, len(COLORS) + 1)
        self.place = nn.Linear(WIDTH, 4)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[B, 3, 224, 224] → kinds [B, 4, 5], colours [B, 4, 9], every patch's place [B, 64, 4]."""
        tokens = self.tower(pixels).last_hidden_state[:, 1:]  # [B, 64, 128]
        means = by_quadrant(tokens).mean(2)  # [B, 4, 128]
        return self.kind(means), self.color(means), self.place(tokens)


def by_quadrant(tokens: Tensor) -> Tensor:
    """[B, 64, D] row by row → [B, 4, 16, D], quadrants in the world's order."""
    half = GRID // 2
    grid = tokens.view(len(tokens), 2, half, 2, half, -1)  # [B, row, y, column, x, D]
    return grid.permute(0, 3, 1, 2, 4, 5).reshape(len(tokens), 4, half * half, -1)


def normalised(pixels: Tensor) -> Tensor:
    """uint8 [B, 224, 224, 3] → float [B, 3, 224, 224], as the image processor does it."""
    mean, std = torch.tensor(MEAN, device=pixels.device), torch.tensor(STD, device=pixels.device)
    return pixels.float().mul_(1 / 255 / std).sub_(mean / std).permute(0, 3, 1, 2)


def shuffled(pixels: Pixels, labels: Labels, rng: np.random.Generator) -> tuple[Pixels, Labels]:
    """Swaps the quadrants of every picture at random and mirrors half of the pictures."""
    side = GRID * PATCH // 2
    source = pixels.reshape(len(pixels), 2, side, 2, side, 3)  # [B, row, y, column, x, 3]
    target = np.empty_like(source)
    order = rng.permuted(np.tile(np.arange(4), (len(pixels), 1)), axis=1)  # [B, 4]
    mirrored = rng.random(len(pixels)) < 0.5
    for picture, (quadrants, mirror) in enumerate(zip(order, mirrored, strict=True)):
        for to, origin in enumerate(quadrants):
            block = source[picture, row(origin), :, column(origin)]  # [y, x, 3]
            target[picture, row(to), :, column(to)] = block[:, ::-1] if mirror else block
    return target.reshape(pixels.shape), np.take_along_axis(labels, order[:, :, None], 1)


def _loss(seer: Seer, pixels: Tensor, labels: Tensor, places: Tensor) -> Tensor:
    kinds, colors, place = seer(pixels)
    named = F.cross_entropy(kinds.flatten(0, 1).float(), labels[..., 0].flatten())
    colored = F.cross_entropy(colors.flatten(0, 1).float(), labels[..., 1].flatten())
    placed = F.cross_entropy(place.flatten(0, 1).float(), places.expand(len(pixels), -1).flatten())
    return named + colored + 0.05 * placed


def train_vision(
    work: Path, pool: tuple[Pixels, Labels], steps: int, batch: int, device: torch.device
) -> Seer:
    """Runs or resumes `steps` batches; the result is rounded to float16, as it will be shipped."""
    seer = Seer().to(device)
    adam = optimizer((seer.parameters(), 1.0))
    path = work / "vision"
    start = load_state(path, seer, adam)
    patches = torch.arange(GRID * GRID, device=device)
    half = GRID // 2
    places = (patches % GRID // half) * 2 + patches // GRID // half  # [64] the quadrant of every patch
    began, mean = time.monotonic(), 0.0
    for step in range(start, steps):
        rng = np.random.default_rng((7, step))
        rows = np.sort(rng.choice(len(pool[0]), batch, replace=False))
        pixels, labels = shuffled(pool[0][rows], pool[1][rows], rng)
        set_rate(adam, rate(step, steps, PEAK_RATE))
        inputs = normalised(torch.from_numpy(pixels).to(device))
        with torch.autocast(device.type, torch.bfloat16):
            loss = _loss(seer, inputs, torch.from_numpy(labels).to(device), places)
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(seer.parameters(), 1.0)
        adam.step()
        mean += loss.item()
        if (step + 1) % 50 == 0:
            print(
                f"vision {step + 1}/{steps} loss {mean / 50:.4f} {time.monotonic() - began:.0f}s", flush=True
            )
            mean = 0.0
        if (step + 1) % 500 == 0 or step + 1 == steps:
            save_state(path, seer, adam, step + 1)
    for parameter in seer.parameters():
        parameter.data = parameter.data.half().float()
    return seer.eval()
