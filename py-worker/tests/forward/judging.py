"""What transformers' own whole model says, as the worker names it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

VISION, QFORMER, LANGUAGE = "vision_outputs.", "qformer_outputs.", "language_model_outputs."
SHAPED = ("attentions", "hidden_states")


@contextmanager
def maps_of(qformer: Any) -> Iterator[tuple[list[torch.Tensor], list[torch.Tensor]]]:
    """Maps of self-attention and of cross-attention, taken where they are made: 5.18 lists them as one."""
    own: list[torch.Tensor] = []
    cross: list[torch.Tensor] = []
    hooks = []
    for layer in qformer.encoder.layer:
        attention = layer.attention.attention
        hooks.append(attention.register_forward_hook(lambda module, args, output: own.append(output[1])))
        if layer.has_cross_attention:
            attention = layer.crossattention.attention
            hooks.append(
                attention.register_forward_hook(lambda module, args, output: cross.append(output[1]))
            )
    yield own, cross
    for hook in hooks:
        hook.remove()


def features(judge: Any, given: Mapping[str, torch.Tensor], **options: Any) -> dict[str, torch.Tensor]:
    """``get_image_features``, one picture repeated for every question."""
    rows = len(given["qformer_input_ids"])
    pixels = given["pixel_values"].expand(rows, -1, -1, -1)
    with torch.inference_mode(), maps_of(judge.qformer) as (own, cross):
        output = judge.get_image_features(
            pixels,
            qformer_input_ids=given["qformer_input_ids"],
            qformer_attention_mask=given.get("qformer_attention_mask"),
            output_hidden_states=True,
            output_attentions=True,
            **options,
        )
    vision, qformer = output.vision_outputs, output.qformer_outputs
    pictures = len(given["pixel_values"])
    return {
        "pooler_output": output.pooler_output,
        VISION + "last_hidden_state": vision.last_hidden_state[:pictures],
        VISION + "pooler_output": vision.pooler_output[:pictures],
        VISION + "hidden_states": torch.stack(vision.hidden_states)[:, :pictures],
        VISION + "attentions": torch.stack(vision.attentions)[:, :pictures],
        QFORMER + "last_hidden_state": qformer.last_hidden_state,
        QFORMER + "pooler_output": qformer.pooler_output,
        QFORMER + "hidden_states": torch.stack(qformer.hidden_states),
        QFORMER + "attentions": torch.stack(own),
        QFORMER + "cross_attentions": torch.stack(cross),
    }


def whole(
    judge: Any, given: Mapping[str, torch.Tensor], *, explicit_positions: bool = False, **options: Any
) -> dict[str, torch.Tensor]:
    """``forward`` as a user of transformers 5 calls it: placeholders first, -100 under them.

    Its labels stand under all columns; those of 4.37 are cut with the logits, so that the first is nobody's.
    """
    config = judge.config
    ids = given["input_ids"]
    rows, queries = len(ids), config.num_query_tokens
    ones = torch.ones(rows, queries, dtype=torch.int64)
    mask = torch.cat([ones, given.get("attention_mask", torch.ones_like(ids))], dim=1)
    inputs: dict[str, Any] = {
        "pixel_values": given["pixel_values"].expand(rows, -1, -1, -1),
        "qformer_input_ids": given["qformer_input_ids"],
        "qformer_attention_mask": given.get("qformer_attention_mask"),
        "input_ids": torch.cat([ones * config.image_token_index, ids], dim=1),
        "attention_mask": mask,
    }
    reads = config.text_config.is_encoder_decoder
    labels = given.get("labels")
    if reads:
        inputs |= {name: given[name] for name in given if name.startswith("decoder_")} | {"labels": labels}
    elif labels is not None:
        before = torch.full((rows, mask.shape[1] - labels.shape[1] + 1), -100)
        inputs["labels"] = torch.cat([before, labels[:, 1:]], dim=1)
    if explicit_positions:
        inputs["position_ids"] = (mask.cumsum(-1) - 1).clamp(min=0)
    with torch.inference_mode():
        output = judge(
            **inputs, output_hidden_states=True, output_attentions=True, use_cache=False, **options
        )
    logits = output.logits
    if labels is not None and not reads:
        logits = logits[:, -labels.shape[1] :]
    found = {"logits": logits, **({"loss": output.loss} if labels is not None else {})}
    for name, value in output.language_model_outputs.items():
        if isinstance(value, tuple) and name.endswith(SHAPED):
            found[LANGUAGE + name] = torch.stack(value)
        elif name == "encoder_last_hidden_state":
            found[LANGUAGE + name] = value
    return found
