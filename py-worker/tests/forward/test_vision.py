"""A pass through the vision model gives what transformers' own gives."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.forward.conftest import Case
from tests.forward.passes import answer, frame_of, outputs_of, request_for

ALL = ("last_hidden_state", "pooler_output", "hidden_states", "attentions")


@torch.inference_mode()
def judged(model: Any, pixels: torch.Tensor, **options: Any) -> dict[str, torch.Tensor]:
    output = model.vision_model(
        pixel_values=pixels, output_hidden_states=True, output_attentions=True, **options
    )
    layers = model.config.vision_config.num_hidden_layers
    assert (len(output.hidden_states), len(output.attentions)) == (layers + 1, layers)
    return {
        "last_hidden_state": output.last_hidden_state,
        "pooler_output": output.pooler_output,
        "hidden_states": torch.stack(output.hidden_states),
        "attentions": torch.stack(output.attentions),
    }


def test_all_outputs(case: Case) -> None:
    # More than one run of the model takes.
    pixels = case.pictures(5)
    case.differences.check(
        outputs_of(case.engine, "vision", {"pixel_values": pixels}, ALL), judged(case.judge, pixels)
    )


def test_each_output_alone(case: Case) -> None:
    pixels = case.pictures(2, seed=1)
    theirs = judged(case.judge, pixels)
    for name in ALL:
        ours = outputs_of(case.engine, "vision", {"pixel_values": pixels}, [name])
        assert list(ours) == [name]
        case.differences.check(ours, {name: theirs[name]})


def test_pictures_of_other_sizes(case: Case) -> None:
    side = case.engine.served.model.image_size
    pixels = case.pictures(2, seed=2, size=side + 24)[:, :, : side + 8]
    ours = outputs_of(case.engine, "vision", {"pixel_values": pixels}, ALL, interpolate_pos_encoding=True)
    case.differences.check(ours, judged(case.judge, pixels, interpolate_pos_encoding=True))


def test_bytes_are_normalised(case: Case) -> None:
    from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

    side = case.engine.served.model.image_size
    generator = torch.Generator().manual_seed(3)
    pictures = torch.randint(0, 256, (2, side, side, 3), dtype=torch.uint8, generator=generator)
    processor = BlipImageProcessorPil(do_resize=False)
    pixels = processor(images=list(pictures.numpy()), return_tensors="pt").pixel_values
    ours = outputs_of(case.engine, "vision", {"pixel_values": pictures}, ALL)
    case.differences.check(ours, judged(case.judge, pixels))


def test_the_features_of_a_picture_are_computed_once(case: Case) -> None:
    case.engine.forget_pictures()
    pixels = case.pictures(2, seed=4)
    outer = ("last_hidden_state", "pooler_output")
    request = request_for("vision", {"pixel_values": pixels}, outer)
    first, fresh = answer(case.engine, request)
    again, cached = answer(case.engine, request_for("vision", {"pixel_values": pixels.flip(0)}, outer))
    assert (first.image_cached, again.image_cached) == (False, True)
    for name in outer:
        assert torch.equal(fresh[name], cached[name].flip(0))
    # They are those that questions about the picture find.
    known = case.engine.cached_picture(frame_of(pixels[0]).content_hash())
    assert known is not None
    assert known.features is not None
    assert torch.equal(known.features, fresh["last_hidden_state"][:1])


@pytest.mark.parametrize(("wire", "dtype"), [("f16", torch.float16), ("bf16", torch.bfloat16)])
def test_outputs_travel_as_they_are_asked_for(case: Case, wire: str, dtype: torch.dtype) -> None:
    pixels = case.pictures(1, seed=5)
    full = outputs_of(case.engine, "vision", {"pixel_values": pixels}, ALL)
    short = outputs_of(case.engine, "vision", {"pixel_values": pixels}, ALL, output_dtype=wire)
    for name in ALL:
        assert short[name].dtype == dtype
        assert torch.equal(short[name], full[name].to(dtype))


def test_fused_attention_comes_back_after_maps_were_shown(case: Case) -> None:
    pixels = case.pictures(1, seed=6)
    outputs_of(case.engine, "vision", {"pixel_values": pixels}, ["attentions"])
    assert case.engine.parts.vision is not None
    assert case.engine.parts.vision.config._attn_implementation == "sdpa"
