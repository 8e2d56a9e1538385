"""Plain transformers: a model of random weights answers one question. ``CASE.json ANSWERS.json``."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from transformers import InstructBlipConfig, InstructBlipForConditionalGeneration
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil


@torch.inference_mode()
def answer(case: dict) -> dict:
    """Greedy tokens, and the raw scores of every step."""
    config = InstructBlipConfig.from_dict(json.loads(case["config"]))
    torch.manual_seed(case["seed"])
    model = InstructBlipForConditionalGeneration(config).eval()
    size = config.vision_config.image_size
    picture = np.array(case["picture"], dtype=np.uint8).reshape(size, size, 3)
    pixels = BlipImageProcessorPil(do_resize=False)(images=picture, return_tensors="pt").pixel_values
    image = model.vision_model(pixel_values=pixels).last_hidden_state
    question = torch.tensor([case["qformer_input_ids"]])
    queries = model.query_tokens
    seen = model.qformer(
        input_ids=question,
        attention_mask=torch.ones(1, queries.shape[1] + question.shape[1], dtype=torch.int64),
        query_embeds=queries,
        encoder_hidden_states=image,
    ).last_hidden_state[:, : queries.shape[1]]
    text = model.language_model.get_input_embeddings()(torch.tensor([case["input_ids"]]))
    output = model.language_model.generate(
        inputs_embeds=torch.cat([model.language_projection(seen), text], dim=1),
        do_sample=False,
        max_new_tokens=case["new"],
        min_new_tokens=case["new"],
        output_logits=True,
        return_dict_in_generate=True,
        pad_token_id=config.text_config.eos_token_id,
    )
    new = output.sequences[0, -case["new"] :].tolist()
    return {"tokens": new, "logits": torch.stack(output.logits, dim=1).flatten().tolist()}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    source, target = map(Path, sys.argv[1:])
    target.write_text(json.dumps([answer(case) for case in json.loads(source.read_text())]))
