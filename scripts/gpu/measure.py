"""One model in one precision: stages, decoding against the floor, memory."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from functools import partial

import torch

from instructblip_worker.stages import Prompt
from scripts.gpu.clock import median_seconds, seconds
from scripts.gpu.decoders import DECODERS
from scripts.gpu.models import RandomModel

QUESTION_TOKENS = 16
PROMPT_TOKENS = 17


@dataclass(frozen=True)
class Effort:
    """How much is run."""

    batches: tuple[int, ...]
    steps: int
    """Tokens of the longer of the two runs of which a step's time is the difference."""
    repeats: int
    until: float
    """On the monotonic clock: nothing new is begun later."""

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self.until


@dataclass(frozen=True)
class BatchFigures:
    """Times of a batch, in milliseconds; memory in bytes."""

    batch: int
    vision: float
    qformer: float
    prefill: float
    steps: dict[str, list[float]]
    """Milliseconds of a step by decoder, one for each repeat; the decoders take turns."""
    floor: float
    """Of a step: bytes of weights and cache that it must read, by the bandwidth measured in this run."""
    peak: int | None

    def step(self, decoder: str) -> float:
        """The median step of a decoder."""
        return statistics.median(self.steps[decoder])

    @property
    def gain(self) -> float:
        """How many of the project's steps go into one of transformers'."""
        pairs = zip(self.steps["transformers"], self.steps["project"], strict=True)
        return statistics.median(theirs / ours for theirs, ours in pairs)

    @property
    def share_of_floor(self) -> float:
        """The floor as a share of the project's step: 1 is as fast as the memory allows."""
        return self.floor / self.step("project")


@dataclass
class ModelFigures:
    """All of one model in one precision."""

    name: str
    dtype: str
    quantization: str
    library: str | None
    weight_bytes: int
    estimated_bytes: int
    batches: list[BatchFigures] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def measure(name: str, made: RandomModel, bytes_per_second: float, effort: Effort) -> ModelFigures:
    """Measure every batch that fits and that there is time for."""
    plan = made.plan
    figures = ModelFigures(
        name, plan.dtype, plan.quantization, plan.library, made.weight_bytes, made.estimated.weights
    )
    for batch in effort.batches:
        if effort.is_over:
            figures.notes.append(f"batch {batch} was not run: the time was up.")
            continue
        try:
            figures.batches.append(_measure_batch(made, batch, bytes_per_second, effort))
        except torch.OutOfMemoryError:
            figures.notes.append(f"batch {batch} did not fit.")
    return figures


@torch.inference_mode()
def _measure_batch(made: RandomModel, batch: int, bytes_per_second: float, effort: Effort) -> BatchFigures:
    stages, config = made.stages, made.model.config
    device, side = stages.device, config.vision_config.image_size
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    pixels = torch.randn(batch, 3, side, side, device=device)
    questions = [[7] * QUESTION_TOKENS] * batch
    prompts = [[9] * PROMPT_TOKENS] * batch

    features = stages.see(pixels)
    queries = stages.query(features, questions)
    prompt = stages.prompt(queries, prompts)
    vision = median_seconds(device, lambda: stages.see(pixels), effort.repeats)
    qformer = median_seconds(device, lambda: stages.query(features, questions), effort.repeats)
    prefill, steps = _decode(made, prompt, effort)

    # The cache of a step in the middle of the longer run.
    cached = made.estimated.cache.row(prompt.mask.shape[1], effort.steps // 2)
    floor = (made.step_bytes + batch * cached) / bytes_per_second
    peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
    return BatchFigures(batch, vision * 1e3, qformer * 1e3, prefill * 1e3, steps, floor * 1e3, peak)


def _decode(made: RandomModel, prompt: Prompt, effort: Effort) -> tuple[float, dict[str, list[float]]]:
    """Seconds to the first token by the project's decoder, and every decoder's milliseconds a step."""
    language_model, device = made.model.language_model, made.stages.device
    first: list[float] = []
    steps: dict[str, list[float]] = {name: [] for name in DECODERS}
    for turn in range(effort.repeats + 1):
        for name, decode in DECODERS.items():
            short = seconds(device, partial(decode, language_model, prompt, 1))
            long = seconds(device, partial(decode, language_model, prompt, effort.steps))
            # The first turn warms up.
            if turn > 0:
                steps[name].append((long - short) / (effort.steps - 1) * 1e3)
                if name == "project":
                    first.append(short)
    return statistics.median(first), steps
