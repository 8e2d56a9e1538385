"""Answers questions with a checkpoint, stage by stage and greedily."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from transformers import InstructBlipForConditionalGeneration, InstructBlipProcessor

from .batches import prompts
from .forward import prefixed, queried

MAX_NEW_TOKENS = 32


def load(folder: Path) -> tuple[InstructBlipForConditionalGeneration, InstructBlipProcessor]:
    """The checkpoint's float16 weights in float32, on the CPU."""
    model = InstructBlipForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    model.eval()
    return model, InstructBlipProcessor.from_pretrained(folder)


@torch.no_grad()
def answer(
    model: InstructBlipForConditionalGeneration,
    processor: InstructBlipProcessor,
    pictures: list[Image.Image],
    texts: list[str],
) -> list[str]:
    """One answer per (picture, question)."""
    device, tokenizer = torch.device("cpu"), processor.tokenizer
    qformer_tokenizer = processor.qformer_tokenizer  # type: ignore[attr-defined]
    pixels = processor.image_processor(pictures, return_tensors="pt").pixel_values  # [B, 3, 224, 224]
    features = model.vision_model(pixels).last_hidden_state  # [B, 65, 128]
    ids, mask = prompts(qformer_tokenizer, texts, "right", device)
    projected = model.language_projection(queried(model.qformer, model.query_tokens, features, ids, mask))
    side = "left" if model.config.use_decoder_only_language_model else "right"
    embeds, mask = prefixed(model, projected, *prompts(tokenizer, texts, side, device))  # [B, 8 + P, D]
    generated = model.language_model.generate(
        inputs_embeds=embeds,
        attention_mask=mask,
        do_sample=False,
        max_new_tokens=MAX_NEW_TOKENS,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return [text.strip() for text in tokenizer.batch_decode(generated, skip_special_tokens=True)]


def same(given: str, expected: str) -> bool:
    """Equal but for letter case and a final full stop."""
    return given.strip().lower().removesuffix(".") == expected.lower()
