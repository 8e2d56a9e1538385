"""Random weights from a configuration: what plain Python makes with the same seed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from transformers import (
    InstructBlipConfig,
    InstructBlipForConditionalGeneration,
    InstructBlipQFormerConfig,
    InstructBlipQFormerModel,
    InstructBlipVisionConfig,
    InstructBlipVisionModel,
)

from instructblip_worker.errors import LoadError, RequestError
from instructblip_worker.loading import load_engine
from instructblip_worker.model_engine import ModelEngine
from instructblip_worker.protocol import ConfigSource, GenerateOptions, Load
from instructblip_worker.reporter import Reporter
from instructblip_worker.request import GenerateRequest, Picture, TokenStream
from tests.engine.bench import Bench

VISION: dict[str, Any] = {
    "hidden_size": 24,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 8,
    # The default of 1e-10 would let every picture look the same.
    "initializer_range": 0.2,
}
QFORMER: dict[str, Any] = {
    "vocab_size": 60,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "encoder_hidden_size": 24,
}
TEXT: dict[str, dict[str, Any]] = {
    "t5": {
        "model_type": "t5",
        "vocab_size": 80,
        "d_model": 16,
        "d_kv": 8,
        "d_ff": 24,
        "num_layers": 2,
        "num_heads": 2,
        "feed_forward_proj": "gated-gelu",
        "decoder_start_token_id": 0,
    },
    "llama": {
        "model_type": "llama",
        "vocab_size": 80,
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    },
    "opt": {
        "model_type": "opt",
        "vocab_size": 80,
        "hidden_size": 16,
        "ffn_dim": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": 64,
        "word_embed_proj_dim": 16,
    },
}
SEED = 11


def whole(kind: str) -> dict[str, Any]:
    """The dictionary of a small InstructBLIP."""
    return {
        "vision_config": VISION,
        "qformer_config": QFORMER,
        "text_config": TEXT[kind],
        "num_query_tokens": 4,
    }


def source(
    config: object,
    model: Literal["instructblip", "vision", "qformer"] = "instructblip",
    seed: int = SEED,
) -> ConfigSource:
    return ConfigSource(model=model, config=json.dumps(config), seed=seed)


def python_model(kind: str) -> Any:
    """As a user of transformers writes it."""
    config = InstructBlipConfig(**whole(kind))
    torch.manual_seed(SEED)
    return InstructBlipForConditionalGeneration(config).eval()


def load(chosen: ConfigSource, **settings: Any) -> ModelEngine:
    usual: dict[str, Any] = {"dtype": "float32", "quantization": "none", "device": "cpu", "slots": 1}
    order = Load(
        worker_epoch=1,
        model_id="m",
        source=chosen,
        threads=1,
        feature_cache_bytes=0,
        **{**usual, **settings},
    )
    engine = load_engine(order, Reporter(1, lambda message: None))
    assert isinstance(engine, ModelEngine)
    return engine


def refusal(chosen: ConfigSource, **settings: Any) -> LoadError:
    with pytest.raises(LoadError) as caught:
        load(chosen, **settings)
    assert caught.value.exit_status == 78
    return caught.value


def assert_same_weights(made: Any, judge: Any) -> None:
    theirs = judge.state_dict()
    ours = made.state_dict()
    assert list(ours) == list(theirs)
    for name, weight in ours.items():
        assert weight.dtype == theirs[name].dtype, name
        assert torch.equal(weight, theirs[name]), name


@pytest.mark.parametrize("kind", ["t5", "llama", "opt"])
def test_weights_and_logits_are_those_of_python(kind: str) -> None:
    bench = Bench(kind, source=source(whole(kind)))
    judge = python_model(kind)
    assert_same_weights(bench.model, judge)

    frame = _picture()
    request = bench.request(image=frame, max_new_tokens=5, min_new_tokens=5, output_logits=True)
    replies = bench.run(request)
    bench.model = judge
    output = bench.judge(request, output_logits=True, return_dict_in_generate=True)
    expected = torch.stack(output.logits, dim=1).numpy()
    assert expected.std() > 0.01
    np.testing.assert_array_equal(replies.tensors[request.request_id]["logits"], expected)


def test_the_seed_decides() -> None:
    first, again, other = (load(source(whole("opt"), seed=seed)).parts.model for seed in (1, 1, 2))
    assert torch.equal(first.language_projection.weight, again.language_projection.weight)
    assert not torch.equal(first.language_projection.weight, other.language_projection.weight)


def test_other_draws_are_left_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    load(source(whole("opt")))
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("kind", ["t5", "llama"])
def test_other_types_are_cast_as_from_pretrained_does(kind: str, dtype: str, tmp_path: Path) -> None:
    python_model(kind).save_pretrained(tmp_path)
    judge = InstructBlipForConditionalGeneration.from_pretrained(tmp_path, dtype=getattr(torch, dtype))
    made = load(source(whole(kind)), dtype=dtype).parts.model
    assert_same_weights(made, judge)
    for (name, ours), theirs in zip(made.named_buffers(), judge.buffers(), strict=True):
        assert ours.dtype == theirs.dtype, name
        assert torch.equal(ours, theirs), name


def test_what_a_configuration_serves() -> None:
    served = load(source(whole("t5"))).served
    facts = served.model
    assert (facts.language_model, facts.num_query_tokens, facts.image_size) == ("t5", 4, 32)
    assert (facts.start_token_id, facts.eos_token_ids, facts.pad_token_id) == (0, [1], 0)
    assert facts.parameters == sum(p.numel() for p in python_model("t5").parameters())
    assert served.assets.files == {}
    assert "generate" in served.ops
    llama = load(source(whole("llama"))).served.model
    # It has no padding id of its own.
    assert (llama.start_token_id, llama.eos_token_ids, llama.pad_token_id) == (1, [2], 2)
    assert llama.context_length == 2048


def test_one_encoder_alone() -> None:
    torch.manual_seed(SEED)
    vision = InstructBlipVisionModel(InstructBlipVisionConfig(**VISION))
    engine = load(source(VISION, "vision"))
    assert_same_weights(engine.parts.model, vision)
    facts = engine.served.model
    assert (facts.language_model, facts.image_size, facts.vocab_size) == ("none", 32, 0)
    assert "generate" not in engine.served.ops
    assert engine.parts.qformer is None

    torch.manual_seed(SEED)
    qformer = InstructBlipQFormerModel(InstructBlipQFormerConfig(**QFORMER))
    engine = load(source(QFORMER, "qformer"))
    assert_same_weights(engine.parts.model, qformer)
    facts = engine.served.model
    assert (facts.language_model, facts.qformer_vocab_size, facts.image_size) == ("none", 60, 0)
    assert engine.parts.vision is None


def test_stop_strings_need_a_tokenizer() -> None:
    engine = load(source(whole("opt")))
    request = GenerateRequest(
        request_id="00000000-0000-4000-8000-000000000001",
        attempt=1,
        stream=TokenStream(wanted=False, credit=None),
        batch_key=b"",
        rows=1,
        deadline=None,
        picture=Picture("0" * 64),
        input_ids=[5],
        qformer_input_ids=[6],
        options=GenerateOptions(max_new_tokens=4, stop_strings=["."]),
    )
    with pytest.raises(RequestError) as caught:
        engine.check(request)
    assert (caught.value.code, caught.value.path) == ("UNSUPPORTED", "stop_strings")


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (ConfigSource(model="vision", config="{", seed=0), "not valid JSON"),
        (ConfigSource(model="vision", config="[]", seed=0), "JSON object"),
        (source({**VISION, "model_type": "clip"}, "vision"), "'clip'"),
        (source({**whole("t5"), "text_config": {"model_type": "gpt2"}}), "'gpt2'"),
        (source({**whole("t5"), "auto_map": {"AutoModel": "evil.py"}}), "auto_map"),
        (source({**VISION, "hidden_size": "wide"}, "vision"), "cannot be used"),
        (source({**whole("t5"), "text_config": {**TEXT["t5"], "eos_token_id": 900}}), "outside"),
        (source({**whole("llama"), "text_config": {**TEXT["llama"], "eos_token_id": None}}), "eos_token_id"),
        (source({**whole("llama"), "text_config": {**TEXT["llama"], "bos_token_id": None}}), "bos_token_id"),
    ],
)
def test_a_configuration_that_cannot_be_made_is_refused_in_words(chosen: ConfigSource, words: str) -> None:
    error = refusal(chosen)
    assert error.code == "CONFIG_INVALID"
    assert words in error.message


def test_random_weights_are_not_quantised() -> None:
    assert refusal(source(whole("opt")), quantization="int8").path == "quantization"


def test_a_model_larger_than_the_memory_is_never_made() -> None:
    with pytest.raises(LoadError) as caught:
        load(source({"hidden_size": 2**16, "intermediate_size": 2**17, "num_hidden_layers": 400}, "vision"))
    assert caught.value.code == "RESOURCE_EXHAUSTED"


def _picture() -> Any:
    from instructblip_worker.protocol import TensorFrame

    values = np.random.default_rng(5).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    return TensorFrame.of(values)
