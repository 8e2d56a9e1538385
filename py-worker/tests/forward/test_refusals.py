"""What cannot be passed through is refused by name before anything runs."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from instructblip_worker.forward import _guard
from instructblip_worker.model_engine import ModelEngine
from instructblip_worker.outbox import Outbox
from instructblip_worker.protocol import ConfigSource, Error, decode
from instructblip_worker.registry import Registry
from instructblip_worker.request import ForwardRequest
from tests.engine.bench import Bench
from tests.forward.conftest import QFORMER, VISION, random_bench
from tests.forward.passes import Module, outputs_of, refusal, request_for

IDS = torch.tensor([[5, 6, 7]])
PIXELS = torch.zeros(1, 3, 32, 32)
QUERIES = torch.zeros(1, 4, 16)
SEEN = torch.zeros(1, 7, 24)


OUTPUT: dict[Module, str] = {
    "vision": "last_hidden_state",
    "qformer": "last_hidden_state",
    "image_features": "pooler_output",
    "model": "logits",
}


@pytest.fixture(scope="module")
def engine() -> ModelEngine:
    """A small model around LLaMA."""
    made = random_bench("llama").engine
    made.parts.model.config.image_token_index = 77
    return made


@pytest.fixture(scope="module")
def t5() -> ModelEngine:
    """A small model around T5."""
    return random_bench("t5").engine


def alone(model: Any, config: dict[str, Any]) -> ModelEngine:
    """One encoder alone."""
    return Bench("none", source=ConfigSource(model=model, config=json.dumps(config), seed=1)).engine


VISION_CASES: list[tuple[dict[str, torch.Tensor], str, str]] = [
    ({}, "pixel_values", "pixel_values must be given, but is missing."),
    (
        {"pixel_values": torch.zeros(2, 3, 31, 32)},
        "pixel_values",
        "pixel_values must be u8 [B, 32, 32, 3] or f32 [B, 3, 32, 32], but is f32 [2, 3, 31, 32].",
    ),
    ({"pixel_values": torch.zeros(3, 32, 32)}, "pixel_values", "is f32 [3, 32, 32]."),
    ({"pixel_values": torch.zeros(0, 3, 32, 32)}, "pixel_values", "is f32 [0, 3, 32, 32]."),
    ({"pixel_values": torch.zeros(1, 3, 32, 32, dtype=torch.uint8)}, "pixel_values", "is u8 [1, 3, 32, 32]."),
    ({"pixel_values": PIXELS.half()}, "pixel_values", "is f16 [1, 3, 32, 32]."),
    ({"pixel_values": PIXELS / 0}, "pixel_values", "must be finite everywhere"),
    (
        {"pixel_values": PIXELS, "input_ids": IDS},
        "inputs",
        "inputs must be among pixel_values, but is input_ids.",
    ),
]
QFORMER_CASES: list[tuple[dict[str, torch.Tensor], str, str]] = [
    ({}, "input_ids", "input_ids must be given, or query_embeds, but is missing."),
    ({"input_ids": IDS[0]}, "input_ids", "must be i64 or i32 [3, T], but is i64 [3]."),
    ({"input_ids": IDS.float()}, "input_ids", "is f32 [1, 3]."),
    ({"input_ids": IDS[:, :0]}, "input_ids", "must be i64 or i32 [1, T], but is i64 [1, 0]."),
    ({"input_ids": IDS * 10}, "input_ids", "input_ids must be ids from 0 to 59, but is 60."),
    ({"input_ids": -IDS}, "input_ids", "ids from 0 to 59, but is -5."),
    (
        {"input_ids": IDS.expand(1, -1).repeat(1, 14)},
        "input_ids",
        "must be at most 40 tokens long, but is 42.",
    ),
    ({"input_ids": IDS, "position_ids": IDS * 8}, "position_ids", "ids from 0 to 39, but is 40."),
    ({"input_ids": IDS, "position_ids": IDS[:, :2]}, "position_ids", "i32 [1|B, 3], but is i64 [1, 2]."),
    (
        {"query_embeds": QUERIES, "encoder_hidden_states": SEEN, "position_ids": IDS},
        "position_ids",
        "position_ids cannot be used: positions are those of input_ids.",
    ),
    ({"input_ids": IDS, "attention_mask": IDS}, "attention_mask", "must be 0 and 1 everywhere, but is 5."),
    (
        {"input_ids": IDS, "attention_mask": torch.ones(1, 4, dtype=torch.int64)},
        "attention_mask",
        "attention_mask must be i64 or i32 or bool [1, 3], but is i64 [1, 4].",
    ),
    (
        {"input_ids": IDS, "query_embeds": QUERIES},
        "encoder_hidden_states",
        "must be given where query_embeds are",
    ),
    (
        {"input_ids": IDS, "query_embeds": QUERIES[:, :, 1:], "encoder_hidden_states": SEEN},
        "query_embeds",
        "query_embeds must be f32 or f16 or bf16 [1|B, Q, 16], but is f32 [1, 4, 15].",
    ),
    (
        {"input_ids": IDS, "query_embeds": QUERIES, "encoder_hidden_states": QUERIES},
        "encoder_hidden_states",
        "[1|B, P, 24], but is f32 [1, 4, 16].",
    ),
    (
        {
            "input_ids": IDS.repeat(3, 1),
            "query_embeds": QUERIES.repeat(2, 1, 1),
            "encoder_hidden_states": SEEN,
        },
        "query_embeds",
        "is f32 [2, 4, 16].",
    ),
    (
        {"input_ids": IDS, "encoder_attention_mask": torch.ones(1, 7, dtype=torch.bool)},
        "encoder_attention_mask",
        "encoder_attention_mask cannot be used: it is for encoder_hidden_states.",
    ),
    (
        {
            "input_ids": IDS,
            "query_embeds": QUERIES,
            "encoder_hidden_states": SEEN,
            "encoder_attention_mask": torch.ones(1, 6, dtype=torch.bool),
        },
        "encoder_attention_mask",
        "[1|B, 7], but is bool [1, 6].",
    ),
    ({"input_ids": IDS, "past_key_values": QUERIES}, "inputs", "but is past_key_values."),
]


ASKED = {"pixel_values": PIXELS, "qformer_input_ids": IDS}
FEATURES_CASES: list[tuple[dict[str, torch.Tensor], str, str]] = [
    ({"qformer_input_ids": IDS}, "pixel_values", "pixel_values must be given, but is missing."),
    ({"pixel_values": PIXELS}, "qformer_input_ids", "qformer_input_ids must be given, but is missing."),
    (
        {"pixel_values": PIXELS.repeat(2, 1, 1, 1), "qformer_input_ids": IDS.repeat(3, 1)},
        "pixel_values",
        "pixel_values must be 1 picture, or 3 as there are rows, but is 2.",
    ),
    (
        {"pixel_values": PIXELS.repeat(2, 1, 1, 1), "qformer_input_ids": IDS},
        "qformer_input_ids",
        "qformer_input_ids must be i64 or i32 [2, T], but is i64 [1, 3].",
    ),
    ({**ASKED, "qformer_input_ids": IDS * 20}, "qformer_input_ids", "ids from 0 to 59, but is 100."),
    (
        {**ASKED, "qformer_input_ids": IDS.repeat(1, 14)},
        "qformer_input_ids",
        "qformer_input_ids must be at most 40 tokens long, but is 42.",
    ),
    (
        {**ASKED, "qformer_attention_mask": IDS[:, :2]},
        "qformer_attention_mask",
        "[1, 3], but is i64 [1, 2].",
    ),
    ({**ASKED, "input_ids": IDS}, "inputs", "but is input_ids."),
]
TOLD = {**ASKED, "input_ids": IDS}
WHOLE_CASES: list[tuple[dict[str, torch.Tensor], str, str]] = [
    (ASKED, "input_ids", "input_ids must be given, or inputs_embeds, but is missing."),
    (
        {**TOLD, "inputs_embeds": torch.zeros(1, 3, 16)},
        "inputs_embeds",
        "inputs_embeds must be left out where input_ids are given, but is given.",
    ),
    (
        {**ASKED, "inputs_embeds": torch.zeros(1, 3, 17)},
        "inputs_embeds",
        "inputs_embeds must be f32 or f16 or bf16 [1, P, 16], but is f32 [1, 3, 17].",
    ),
    ({**TOLD, "input_ids": IDS + 74}, "input_ids", "input_ids must be ids from 0 to 79, but is 80."),
    ({**TOLD, "input_ids": IDS + 70}, "input_ids", "must be without the placeholder <image>, but have 77"),
    ({**TOLD, "input_ids": IDS.repeat(2, 1)}, "qformer_input_ids", "i32 [2, T], but is i64 [1, 3]."),
    ({**TOLD, "input_ids": IDS.repeat(1, 21)}, "input_ids", "must be at most 60 tokens long, but is 63."),
    (
        {**ASKED, "inputs_embeds": torch.zeros(1, 61, 16)},
        "inputs_embeds",
        "inputs_embeds must be at most 60 tokens long, but is 61.",
    ),
    ({**TOLD, "attention_mask": IDS[:, :2]}, "attention_mask", "[1, 3], but is i64 [1, 2]."),
    ({**TOLD, "labels": IDS * 16}, "labels", "labels must be ids from 0 to 79 or -100, but is 80."),
    ({**TOLD, "labels": -IDS}, "labels", "ids from 0 to 79 or -100, but is -5."),
    (
        {**TOLD, "labels": IDS.repeat(1, 3)},
        "labels",
        "labels must be at most 7 long, queries and text, but is 9.",
    ),
    ({**TOLD, "decoder_input_ids": IDS}, "inputs", "but is decoder_input_ids."),
]
WHOLE_T5_CASES: list[tuple[dict[str, torch.Tensor], str, str]] = [
    (TOLD, "decoder_input_ids", "decoder_input_ids must be given, or labels, but is missing."),
    ({**TOLD, "decoder_input_ids": IDS * 16}, "decoder_input_ids", "ids from 0 to 79, but is 80."),
    ({**TOLD, "decoder_input_ids": IDS * -20}, "decoder_input_ids", "ids from 0 to 79, but is -100."),
    ({**TOLD, "labels": IDS * 16}, "labels", "ids from 0 to 79 or -100, but is 80."),
    ({**TOLD, "decoder_input_ids": IDS, "labels": IDS[:, :2]}, "labels", "[1, 3], but is i64 [1, 2]."),
    (
        {**TOLD, "labels": IDS, "decoder_attention_mask": IDS[:, :2]},
        "decoder_attention_mask",
        "[1, 3], but is i64 [1, 2].",
    ),
    (
        {**TOLD, "labels": IDS.repeat(1, 1366)},
        "labels",
        "labels must be at most 4096 tokens long, but is 4098.",
    ),
    ({**TOLD, "input_ids": IDS.repeat(1, 1365), "labels": IDS}, "input_ids", "at most 4092 tokens long"),
]


@pytest.mark.parametrize(
    ("module", "inputs", "path", "words"),
    [
        *(("vision", *each) for each in VISION_CASES),
        *(("qformer", *each) for each in QFORMER_CASES),
        *(("image_features", *each) for each in FEATURES_CASES),
        *(("model", *each) for each in WHOLE_CASES),
    ],
)
def test_inputs(
    engine: ModelEngine, module: Module, inputs: dict[str, torch.Tensor], path: str, words: str
) -> None:
    error = refusal(engine, module, inputs, [OUTPUT[module]])
    assert error.path == path
    assert words in error.message
    assert error.code == ("UNSUPPORTED" if "cannot be used" in words else "INVALID_ARGUMENT")


@pytest.mark.parametrize(("inputs", "path", "words"), WHOLE_T5_CASES)
def test_inputs_of_t5(t5: ModelEngine, inputs: dict[str, torch.Tensor], path: str, words: str) -> None:
    error = refusal(t5, "model", inputs, ["logits"])
    assert (error.code, error.path) == ("INVALID_ARGUMENT", path)
    assert words in error.message


def test_a_loss_needs_labels(engine: ModelEngine, t5: ModelEngine) -> None:
    for asked, inputs in ((engine, TOLD), (t5, {**TOLD, "decoder_input_ids": IDS})):
        error = refusal(asked, "model", inputs, ["loss", "logits"])
        assert (error.code, error.path) == ("INVALID_ARGUMENT", "labels")
        assert error.message == "labels must be given for a loss, but is missing."


def test_sizes_to_interpolate_have_limits(engine: ModelEngine) -> None:
    assert engine.parts.vision is not None
    patch = engine.parts.vision.config.patch_size
    for side in (patch - 1, 129):
        error = refusal(
            engine, "vision", {"pixel_values": torch.zeros(1, 3, 32, side)}, interpolate_pos_encoding=True
        )
        assert error.path == "pixel_values"
        assert f"u8 [B, H, W, 3] or f32 [B, 3, H, W] with sides from {patch} to 128" in error.message


def test_outputs_it_does_not_have(engine: ModelEngine) -> None:
    error = refusal(engine, "vision", {"pixel_values": PIXELS}, ["last_hidden_state", "logits"])
    assert (error.code, error.path) == ("INVALID_ARGUMENT", "outputs")
    assert "among attentions, hidden_states, last_hidden_state, pooler_output, but is logits" in error.message
    error = refusal(engine, "model", TOLD, ["language_model_outputs.encoder_attentions"])
    assert (error.code, error.path) == ("INVALID_ARGUMENT", "outputs")
    assert "language_model_outputs.attentions, language_model_outputs.hidden_states, logits" in error.message
    error = refusal(engine, "qformer", {"input_ids": IDS}, ["cross_attentions"])
    assert (error.code, error.path) == ("INVALID_ARGUMENT", "outputs")
    assert "no query_embeds" in error.message


def test_outputs_that_no_answer_holds(engine: ModelEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"pixel_values": PIXELS}
    # 3 layers, 2 heads, 17 patches: 6,936 bytes.
    monkeypatch.setattr(_guard, "OUTPUT_BYTES", 6_000)
    error = refusal(engine, "vision", given, ["attentions", "pooler_output"])
    assert (error.code, error.path) == ("PAYLOAD_TOO_LARGE", "outputs")
    assert "would take 7032 bytes, more than 6000: attentions alone is [3, 1, 2, 17, 17]" in error.message
    assert (
        outputs_of(engine, "vision", given, ["attentions"], output_dtype="bf16")["attentions"].numel() == 1734
    )


def test_passes_that_no_memory_holds(
    engine: ModelEngine, t5: ModelEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_guard, "free_memory", lambda device: 10_000)
    found = refused_at_work(engine, request_for("vision", {"pixel_values": PIXELS}, ["attentions"]))
    assert (found.code, found.path, found.started) == ("RESOURCE_EXHAUSTED", "outputs", True)
    assert (
        "at least 13872 bytes, but cpu has 10000 free: attentions alone is [3, 1, 2, 17, 17]" in found.message
    )
    # Logits are computed for a loss, and T5's encoder has its maps whoever asks.
    long = {**TOLD, "labels": IDS.repeat(1, 20)}
    found = refused_at_work(t5, request_for("model", long, ["loss"]))
    assert "at least 19596 bytes, but cpu has 10000 free: logits alone is [1, 60, 80]" in found.message
    monkeypatch.setattr(_guard, "free_memory", lambda device: None)
    assert outputs_of(t5, "model", long, ["loss"])["loss"].isfinite()


def refused_at_work(engine: ModelEngine, request: ForwardRequest) -> Error:
    """The ERROR of a request that was admitted."""
    engine.check(request)
    registry = Registry()
    registry.add(request)
    outbox = Outbox(registry)
    outbox.worker_epoch = 1
    engine.run([request], outbox)
    [frames] = outbox.mail.take_all()
    outbox.mail.close()
    received = decode(frames)
    assert received is not None
    assert isinstance(received[0], Error)
    return received[0]


def test_an_encoder_alone_has_one_module() -> None:
    seeing = alone("vision", VISION)
    assert seeing.served.ops == ["vision_forward"]
    assert outputs_of(seeing, "vision", {"pixel_values": PIXELS}, ["pooler_output"])[
        "pooler_output"
    ].shape == (1, 24)
    error = refusal(seeing, "qformer", {"input_ids": IDS})
    assert (error.code, error.path) == ("UNSUPPORTED", "module")
    asking = alone("qformer", {**QFORMER, "encoder_hidden_size": 24})
    assert asking.served.ops == ["qformer_forward"]
    found = outputs_of(asking, "qformer", {"input_ids": IDS}, ["last_hidden_state"])
    assert found["last_hidden_state"].shape == (1, 3, 16)
    assert refusal(asking, "vision", {"pixel_values": PIXELS}).code == "UNSUPPORTED"
