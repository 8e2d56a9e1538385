"""A checkpoint in one precision, ready to be asked."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers.models.instructblip.configuration_instructblip import InstructBlipConfig

from instructblip_worker.stages import Prompt, Stages, pad
from instructblip_worker.storage import Plan, check_forms, measured_bytes, read_model, read_outline
from scripts.precision.questions import Questions

MAX_NEW_TOKENS = 32


@dataclass(frozen=True)
class Subject:
    """A loaded model, its stages and its special ids."""

    model: Any
    stages: Stages
    plan: Plan
    weight_bytes: int

    @classmethod
    def load(cls, folder: Path, plan: Plan, device: torch.device) -> Subject:
        """A checkpoint as a worker loads it, with the same assertion of how its weights are stored."""
        config: Any = InstructBlipConfig.from_pretrained(folder)
        outline = read_outline(config, has_own_head=False)
        model, _ = read_model(folder, config, plan, outline, device)
        check_forms(model, plan, outline)
        return cls(model, Stages(model, config.text_config.pad_token_id), plan, measured_bytes(model))

    @torch.inference_mode()
    def prompt(self, questions: Questions) -> Prompt:
        """All stages before the language model."""
        queries = self.stages.query(self.stages.see(questions.pixels), questions.qformer_prompts)
        return self.stages.prompt(queries, questions.prompts)

    @torch.inference_mode()
    def answer(self, prompt: Prompt) -> list[list[int]]:
        """New tokens of the greedy answers, the end included."""
        text = self.model.config.text_config
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows = self.model.language_model.generate(
                inputs_embeds=prompt.embeds,
                attention_mask=prompt.mask,
                do_sample=False,
                max_new_tokens=MAX_NEW_TOKENS,
                eos_token_id=text.eos_token_id,
                pad_token_id=text.pad_token_id,
            )[:, int(text.is_encoder_decoder) :].tolist()
        ends = [row.index(text.eos_token_id) + 1 if text.eos_token_id in row else len(row) for row in rows]
        return [row[:end] for row, end in zip(rows, ends, strict=True)]

    @torch.inference_mode()
    def scores(self, prompt: Prompt, answers: list[list[int]]) -> torch.Tensor:
        """f32 [tokens, V]: the scores from which each token of given answers would be taken."""
        text = self.model.config.text_config
        # [N, T]
        ids, mask = pad(answers, text.pad_token_id, prompt.embeds.device)
        if text.is_encoder_decoder:
            start = ids.new_full((len(ids), 1), text.decoder_start_token_id)
            output = self.model.language_model(
                inputs_embeds=prompt.embeds,
                attention_mask=prompt.mask,
                decoder_input_ids=torch.cat([start, ids[:, :-1]], dim=1),
            )
        else:
            said = self.model.language_model.get_input_embeddings()(ids[:, :-1])
            seen = torch.cat([prompt.mask, mask[:, :-1]], dim=1)
            output = self.model.language_model(
                inputs_embeds=torch.cat([prompt.embeds, said], dim=1),
                attention_mask=seen,
                position_ids=(seen.cumsum(-1) - 1).clamp(min=0),
            )
        # [N, .., V] -> [N, T, V] -> [tokens, V]
        logits: torch.Tensor = output.logits[:, -ids.shape[1] :]
        return logits[mask.bool()].float().cpu()
