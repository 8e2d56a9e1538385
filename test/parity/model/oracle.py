"""Plain transformers: all that the models compute, of one row at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import torch
from transformers import (
    InstructBlipConfig,
    InstructBlipForConditionalGeneration,
    InstructBlipQFormerConfig,
    InstructBlipQFormerModel,
    InstructBlipVisionConfig,
    InstructBlipVisionModel,
)

Tensors = dict[str, torch.Tensor]

CLASSES: dict[str, tuple[Any, Any]] = {
    "instructblip": (InstructBlipConfig, InstructBlipForConditionalGeneration),
    "instructblip_vision_model": (InstructBlipVisionConfig, InstructBlipVisionModel),
    "instructblip_qformer": (InstructBlipQFormerConfig, InstructBlipQFormerModel),
}
SHOW = {"output_hidden_states": True, "output_attentions": True}
"""All tensors of every layer; needs eager attention."""


def make(source: dict[str, Any]) -> Any:
    """A checkpoint's model, or one of random weights."""
    if "folder" in source:
        model = InstructBlipForConditionalGeneration.from_pretrained(
            source["folder"], attn_implementation="eager", dtype=torch.float32
        )
        return model.eval()
    given = json.loads(source["config"])
    config_class, model_class = CLASSES[given["model_type"]]
    torch.manual_seed(source["seed"])
    model = model_class(config_class.from_dict(given)).eval()
    model.set_attn_implementation("eager")
    return model


def stacked(layers: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """Layers first."""
    return torch.stack(tuple(layers))


def vision(model: Any, given: Tensors, *, interpolate: bool) -> Tensors:
    """All that the vision model gives."""
    model = getattr(model, "vision_model", model)
    output = model(given["pixel_values"], interpolate_pos_encoding=interpolate, **SHOW)
    return {
        "last_hidden_state": output.last_hidden_state,
        "pooler_output": output.pooler_output,
        "hidden_states": stacked(output.hidden_states),
        "attentions": stacked(output.attentions),
    }


def qformer(model: Any, given: Tensors) -> Tensors:
    """All that the Q-Former gives; its self-attention is told from its cross-attention by its shape."""
    model = getattr(model, "qformer", model)
    output = model(**given, **SHOW)
    length = output.last_hidden_state.shape[1]
    own = [each for each in output.attentions if each.shape[-2:] == (length, length)]
    assert len(own) == model.config.num_hidden_layers
    found = {
        "last_hidden_state": output.last_hidden_state,
        "pooler_output": output.pooler_output,
        "hidden_states": stacked(output.hidden_states),
        "attentions": stacked(own),
    }
    if "query_embeds" in given:
        found["cross_attentions"] = stacked(output.cross_attentions)
    return found


def whole(
    model: Any, given: Tensors, *, interpolate: bool
) -> Iterator[tuple[int, Tensors, dict[str, torch.Tensor]]]:
    """Each row alone and without padding: what comes of it, and which positions of the batch it stands at."""
    queries = model.config.num_query_tokens
    text = given["input_ids"]
    ahead = torch.ones(queries, dtype=torch.bool)
    for row in range(text.shape[0]):
        own = given["attention_mask"][row].bool()
        asked = given["qformer_attention_mask"][row].bool()
        picture = given["pixel_values"][min(row, given["pixel_values"].shape[0] - 1)][None]
        question = given["qformer_input_ids"][row][asked][None]
        more = {name: given[name][row][None] for name in ("decoder_input_ids", "labels") if name in given}
        if model.config.use_decoder_only_language_model and "labels" in more:
            more["labels"] = as_in_transformers_5(more["labels"][:, own], queries + int(own.sum()))
        ids = torch.cat([torch.full((queries,), placeholder(model)), text[row][own]])[None]
        output = model(
            pixel_values=picture,
            qformer_input_ids=question,
            qformer_attention_mask=torch.ones_like(question),
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            interpolate_pos_encoding=interpolate,
            **more,
            **SHOW,
        )
        seen = vision(model, {"pixel_values": picture}, interpolate=interpolate)
        looked = qformer(
            model,
            {
                "input_ids": question,
                "attention_mask": torch.ones(1, queries + question.shape[1], dtype=torch.int64),
                "query_embeds": model.query_tokens,
                "encoder_hidden_states": seen["last_hidden_state"],
            },
        )
        said = {
            name: value if isinstance(value, torch.Tensor) else stacked(value)
            for name, value in output.language_model_outputs.items()
            if name not in ("loss", "logits", "past_key_values")
        }
        found = {
            "logits": output.logits,
            "pooler_output": model.language_projection(looked["last_hidden_state"][:, :queries]),
            **({} if output.loss is None else {"loss": output.loss}),
            **{f"vision_outputs.{name}": value for name, value in seen.items()},
            **{f"qformer_outputs.{name}": value for name, value in looked.items()},
            **{f"language_model_outputs.{name}": value for name, value in said.items()},
        }
        yield row, found, {"text": torch.cat([ahead, own]), "question": torch.cat([ahead, asked])}


def generate(model: Any, given: Tensors, new: int, *, interpolate: bool) -> Tensors:
    """So many greedy tokens of one row, and the raw scores of every step."""
    ahead = torch.full((1, model.config.num_query_tokens), placeholder(model))
    ids = torch.cat([ahead, given["input_ids"]], dim=1)
    start = {}
    if not model.config.use_decoder_only_language_model:
        # A configuration alone does not say, and T5 begins with its padding.
        start["decoder_start_token_id"] = model.config.text_config.pad_token_id
    output = model.generate(
        **start,
        **{name: given[name] for name in ("pixel_values", "qformer_input_ids", "qformer_attention_mask")},
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        interpolate_pos_encoding=interpolate,
        do_sample=False,
        max_new_tokens=new,
        min_new_tokens=new,
        output_logits=True,
        return_dict_in_generate=True,
    )
    return {"sequences": output.sequences[:, -new:], "logits": torch.stack(output.logits, dim=1)}


def placeholder(model: Any) -> int:
    """The id that queries stand in for."""
    if model.config.image_token_index is None:
        # Any id that no text here has: what stands in its place is not read.
        model.config.image_token_index = model.config.text_config.vocab_size - 1
    token: int = model.config.image_token_index
    return token


def as_in_transformers_5(labels: torch.Tensor, length: int) -> torch.Tensor:
    """Labels for every position. 4.37 cuts logits to the labels: nothing foretells the first one."""
    full = torch.full((1, length), -100)
    full[:, length - labels.shape[1] + 1 :] = labels[:, 1:]
    return full
