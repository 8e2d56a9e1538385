"""transformers' own answers to prompts about a picture, one at a time; and the names of all its options."""

from __future__ import annotations

import inspect
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import (
    AutoTokenizer,
    GenerationConfig,
    GenerationMixin,
    InstructBlipForConditionalGeneration,
)
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

sys.path.insert(0, str(Path(__file__).parents[3] / "py-worker"))

from tests.engine.oracle import draws

FLOATS = {"repetition_penalty", "temperature", "length_penalty"}


class Judge:
    """One checkpoint, taken apart into its stages."""

    def __init__(self, folder: Path) -> None:
        self.model: Any = InstructBlipForConditionalGeneration.from_pretrained(folder, dtype="float32")
        self.model.language_model.generation_config = GenerationConfig()
        self.pictures = BlipImageProcessorPil.from_pretrained(folder)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.qformer_tokenizer = AutoTokenizer.from_pretrained(folder / "qformer_tokenizer")

    @torch.inference_mode()
    def answer(self, picture: Path, prompt: str, options: dict[str, Any]) -> dict[str, Any]:
        """New tokens and scores."""
        seed = options.pop("seed", None)
        # JavaScript has one kind of number; transformers takes 2.0 where it refuses 2.
        options.update({name: float(options[name]) for name in FLOATS & options.keys()})
        if "sequence_bias" in options:
            options["sequence_bias"] = [[ids, float(bias)] for ids, bias in options["sequence_bias"]]
        beams, rows = options.get("num_beams", 1), options.get("num_return_sequences", 1)
        embeds = self._embed(picture, prompt)
        decoder = self.model.language_model
        led = 1 if decoder.config.is_encoder_decoder else 0
        start = self.tokenizer.pad_token_id if led else None
        if "stop_strings" in options:
            options["tokenizer"] = self.tokenizer
        with warnings.catch_warnings(), draws(seed, rows, beams):
            warnings.simplefilter("ignore")
            output = decoder.generate(
                inputs_embeds=embeds,
                attention_mask=torch.ones(embeds.shape[:2], dtype=torch.int64),
                return_dict_in_generate=True,
                decoder_start_token_id=start,
                **{
                    "eos_token_id": self.tokenizer.eos_token_id,
                    "pad_token_id": self.tokenizer.pad_token_id,
                    **options,
                },
            )
        found: dict[str, Any] = {"tokens": output.sequences[:, led:].tolist()}
        if options.get("output_scores"):
            scores = torch.stack(output.scores)
            found["scores"] = scores[scores.isfinite()].abs().sum().item()
            if beams > 1:
                found["sequences_scores"] = output.sequences_scores.tolist()
        return found

    @torch.inference_mode()
    def losses(self, picture: Path, prompt: str, candidates: list[str]) -> list[float]:
        """What LAVIS's ``predict_class`` sorts by: each candidate's summed loss, in one padded batch.

        For LLaMA it divides by the batch's width, which is the same for all.
        """
        decoder = self.model.language_model
        prompted = self._embed(picture, prompt).expand(len(candidates), -1, -1)
        rows = [self.tokenizer(candidate).input_ids for candidate in candidates]
        if not decoder.config.is_encoder_decoder:
            rows = [row[1:] for row in rows]
        width = max(map(len, rows))
        labels = torch.tensor([[*row, *[-100] * (width - len(row))] for row in rows])
        if decoder.config.is_encoder_decoder:
            logits = decoder(inputs_embeds=prompted, labels=labels).logits
        else:
            text = decoder.get_input_embeddings()(labels.clamp_min(0))
            mask = torch.cat([torch.ones(prompted.shape[:2]), labels >= 0], dim=1).long()
            logits = decoder(inputs_embeds=torch.cat([prompted, text], dim=1), attention_mask=mask).logits
            logits = logits[:, prompted.shape[1] - 1 : -1]
        loss = torch.nn.CrossEntropyLoss(reduction="none")(logits.flatten(0, 1), labels.flatten())
        summed: list[float] = loss.view(len(rows), -1).sum(dim=1).tolist()
        return summed

    def _embed(self, picture: Path, prompt: str) -> torch.Tensor:
        model = self.model
        pixels = self.pictures(images=Image.open(picture), return_tensors="pt").pixel_values
        image = model.vision_model(pixel_values=pixels).last_hidden_state
        question = torch.tensor([self.qformer_tokenizer(prompt).input_ids])
        queries = model.query_tokens
        mask = torch.ones(1, queries.shape[1] + question.shape[1], dtype=torch.int64)
        seen = model.qformer(
            input_ids=question, attention_mask=mask, query_embeds=queries, encoder_hidden_states=image
        ).last_hidden_state[:, : queries.shape[1]]
        text = model.language_model.get_input_embeddings()(torch.tensor([self.tokenizer(prompt).input_ids]))
        return torch.cat([model.language_projection(seen), text], dim=1)


def names() -> list[str]:
    """Everything that ``generate`` of 5.18 takes by name."""
    config = [name for name in vars(GenerationConfig()) if not name.startswith("_")]
    arguments = [name for name in inspect.signature(GenerationMixin.generate).parameters if name != "self"]
    return sorted({*config, *arguments} - {"transformers_version", "kwargs"})


if __name__ == "__main__":
    asked, answers = map(Path, sys.argv[1:3])
    torch.set_num_threads(1)
    case = json.loads(asked.read_text())
    found, losses = {}, {}
    for folder in case["checkpoints"]:
        judge = Judge(Path(folder))
        losses[folder] = [
            judge.losses(Path(case["picture"]), prompt, case["candidates"]) for prompt in case["prompts"]
        ]
        found[folder] = [
            [judge.answer(Path(case["picture"]), prompt, dict(options)) for prompt in case["prompts"]]
            for options in case["options"]
        ]
    answers.write_text(json.dumps({"names": names(), "answers": found, "losses": losses}))
