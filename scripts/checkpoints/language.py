"""Trains Q-Former, projection and language model together on the frozen tower's features."""

from __future__ import annotations

import time
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import InstructBlipForConditionalGeneration

from .assembly import Tokenizers, new_model
from .batches import IGNORED, Batch, answers, draw, prompts
from .features import Features
from .forward import positions, prefixed
from .pool import Labels
from .schedule import optimizer, rate, set_rate
from .state import load_state, save_state
from .warmup import Asker

PEAK_RATE = 1e-3
QFORMER_SHARE = 0.4  # the warmed-up Q-Former learns more slowly than the rest


class Talker(nn.Module):
    """The Q-Former with its heads, the projection and a language model."""

    def __init__(self, asker: Asker, model: InstructBlipForConditionalGeneration) -> None:
        super().__init__()
        self.asker = asker
        self.projection = model.language_projection
        self.language = model.language_model


def talker_of(asker: Asker, model: InstructBlipForConditionalGeneration) -> Talker:
    """Shares every weight with both, so that training one trains the other."""
    model.qformer = asker.qformer
    model.query_tokens = asker.queries
    return Talker(asker, model)


def answer_loss(
    family: str,
    model: InstructBlipForConditionalGeneration,
    outputs: Tensor,
    batch: Batch,
    tokenizers: Tokenizers,
) -> Tensor:
    """Cross-entropy, summed over answers and their end tokens, given query outputs [B, 8, 128]."""
    tokenizer, device = tokenizers.of(family), outputs.device
    targets = answers(tokenizer, [question.answer for question in batch.questions], device)  # [B, A]
    ids, mask = prompts(tokenizer, batch.texts, "right" if family == "t5" else "left", device)  # [B, P]
    embeds, mask = prefixed(model, model.language_projection(outputs), ids, mask)  # [B, 8 + P, D]
    if family == "t5":
        logits = model.language_model(inputs_embeds=embeds, attention_mask=mask, labels=targets).logits
        return _summed(logits, targets)
    spoken = targets.clamp(min=0)  # [B, A]; what is ignored is masked below
    embeds = torch.cat([embeds, model.language_model.get_input_embeddings()(spoken).to(embeds.dtype)], 1)
    mask = torch.cat([mask, (targets != IGNORED).to(mask.dtype)], 1)  # [B, 8 + P + A]
    hidden = model.language_model.model(
        inputs_embeds=embeds, attention_mask=mask, position_ids=positions(mask)
    ).last_hidden_state  # [B, 8 + P + A, D]
    before = hidden[:, -targets.shape[1] - 1 : -1]  # [B, A, D]; each predicts the token after it
    logits = model.language_model.lm_head(before)  # [B, A, V]
    return _summed(logits, targets)


def _summed(logits: Tensor, targets: Tensor) -> Tensor:
    """[B, A, V] and [B, A] → scalar."""
    return nn.functional.cross_entropy(
        logits.flatten(0, 1).float(), targets.flatten(), ignore_index=IGNORED, reduction="sum"
    )


def train_language(
    family: str,
    work: Path,
    pool: tuple[Features, Labels],
    asker: Asker,
    tokenizers: Tokenizers,
    steps: int,
    size: int,
    device: torch.device,
) -> InstructBlipForConditionalGeneration:
    """Runs or resumes `steps` batches, beginning with the weights of the warmed-up `asker`."""
    model: InstructBlipForConditionalGeneration = new_model(family, tokenizers)
    model.to(device)  # type: ignore[arg-type]
    model.language_model.set_attn_implementation("eager")
    talker = talker_of(asker, model)
    adam = optimizer((asker.parameters(), QFORMER_SHARE), (_speech(talker), 1.0))
    path = work / family
    start = load_state(path, talker, adam)
    began, mean = time.monotonic(), 0.0
    for step in range(start, steps):
        batch = draw(pool, size, (17 if family == "t5" else 19, step), device)
        set_rate(adam, rate(step, steps, PEAK_RATE))
        aside = max(0.05, 0.5 * (1 - 2 * step / steps))  # how much the throw-away heads still count
        adam.zero_grad()
        for part in batch.chunks(4):
            ids, mask = prompts(tokenizers.qformer, part.texts, "right", device)
            with torch.autocast(device.type, torch.bfloat16):
                outputs = asker(part.features, ids, mask)
                spoken = answer_loss(family, model, outputs, part, tokenizers) / size
                loss = spoken + aside * asker.loss(outputs, part) * len(part.questions) / size
            loss.backward()  # type: ignore[no-untyped-call]
            mean += spoken.item()
        nn.utils.clip_grad_norm_(talker.parameters(), 1.0)
        adam.step()
        if (step + 1) % 50 == 0:
            print(
                f"{family} {step + 1}/{steps} loss {mean / 50:.4f} {time.monotonic() - began:.0f}s",
                flush=True,
            )
            mean = 0.0
        if (step + 1) % 500 == 0 or step + 1 == steps:
            save_state(path, talker, adam, step + 1)
    return model


def _speech(talker: Talker) -> list[nn.Parameter]:
    return [*talker.projection.parameters(), *talker.language.parameters()]
