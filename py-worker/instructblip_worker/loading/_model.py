"""Reading a model's weights and putting an engine around them."""

from __future__ import annotations

from typing import Any

import torch
from transformers.generation.configuration_utils import GenerationConfig
from transformers.models.instructblip.configuration_instructblip import InstructBlipConfig
from transformers.utils import logging as transformers_logging

from ..decoding import StaticDecoder
from ..engine import AssetSet, Served
from ..errors import config_invalid
from ..log import log, log_exception
from ..model_engine import Loaded, ModelEngine
from ..pixels import PixelNormaliser, PixelSettings
from ..protocol import Load, ModelFacts
from ..reporter import Reporter
from ._checkpoint import Checkpoint
from ._memory import refuse_if_too_large
from ._precision import choose_device, choose_dtype
from ._self_check import check_model, warm_up
from ._tokenizers import Tokenizers
from ._weights import read_weights

_QFORMER_TEXT = 512


def load_model(
    load: Load, checkpoint: Checkpoint, tokenizers: Tokenizers, assets: AssetSet, reporter: Reporter
) -> ModelEngine:
    """The engine of a checkpoint, after its first answer."""
    _adopt_transformers_log()
    device = choose_device(load.device)
    dtype = choose_dtype(load.dtype, device)
    if load.threads:
        torch.set_num_threads(load.threads)
    config = _config(checkpoint)
    refuse_if_too_large(checkpoint.parameters, dtype, load.quantization, device)

    reporter.stage("read")
    model, warnings = read_weights(checkpoint, config, dtype, load, device, reporter)
    reporter.stage("move")
    if load.quantization == "none":
        model.to(device)
    # Answers are steered by each request and by the tokenizer, never by what a checkpoint's author left here.
    model.language_model.generation_config = GenerationConfig()

    reporter.stage("check")
    warnings = [*tokenizers.warnings, *warnings, *check_model(model, dtype, load.quantization)]
    special = tokenizers.special
    facts = ModelFacts(
        language_model=checkpoint.language_model,
        dtype=dtype,
        quantization=load.quantization,
        device=str(device),
        parameters=checkpoint.parameters,
        vocab_size=config.text_config.vocab_size,
        num_query_tokens=config.num_query_tokens,
        image_size=config.vision_config.image_size,
        qformer_vocab_size=config.qformer_config.vocab_size,
        qformer_max_tokens=min(config.qformer_config.max_position_embeddings, _QFORMER_TEXT),
        context_length=_context_length(checkpoint, config),
        start_token_id=special.start,
        eos_token_ids=list(special.eos),
        pad_token_id=special.pad,
    )
    loaded = Loaded(
        model=model,
        served=Served(model=facts, ops=["generate"], assets=assets, warnings=warnings),
        normalise=PixelNormaliser(PixelSettings.of(checkpoint.preprocessor), facts.image_size),
        decoder=StaticDecoder(
            model.language_model, special, facts.vocab_size, checkpoint.folder / "tokenizer.json"
        ),
    )
    engine = ModelEngine(loaded, load.slots, load.feature_cache_bytes)
    reporter.stage("warm")
    warm_up(engine)
    return engine


def _config(checkpoint: Checkpoint) -> Any:
    try:
        return InstructBlipConfig.from_dict(checkpoint.config)
    except Exception as error:
        log_id = log_exception("config_refused", error)
        raise config_invalid(
            f"config.json cannot be used: {type(error).__name__}; the worker's log has it as {log_id}."
        ) from error


def _context_length(checkpoint: Checkpoint, config: Any) -> int | None:
    """T5 has relative positions, and no end of them."""
    if checkpoint.language_model == "t5":
        return None
    return int(config.text_config.max_position_embeddings)


def _adopt_transformers_log() -> None:
    transformers_logging.disable_default_handler()
    transformers_logging.enable_propagation()
    log("versions", torch=torch.__version__, threads=torch.get_num_threads())
