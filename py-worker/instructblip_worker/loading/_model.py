"""From weights to an engine around them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers.generation.configuration_utils import GenerationConfig
from transformers.models.instructblip.configuration_instructblip import InstructBlipConfig
from transformers.utils import logging as transformers_logging

from ..assets import empty_assets
from ..decoding import Ranker, StaticDecoder
from ..engine import AssetSet, Served
from ..errors import config_invalid
from ..log import log, log_exception
from ..model_engine import Loaded, ModelEngine
from ..parts import Parts
from ..pixels import PixelNormaliser, PixelSettings
from ..protocol import Load
from ..reporter import Reporter
from ..special_tokens import SpecialTokens
from ..storage import (
    DType,
    Outline,
    Plan,
    check_forms,
    choose_device,
    choose_dtype,
    estimate,
    make_plan,
    read_outline,
    refuse_if_too_large,
    weight_bytes,
)
from ._blueprint import Blueprint
from ._checkpoint import Checkpoint
from ._facts import describe, special_of
from ._probe import probe
from ._random import cast, make_model, outline_of
from ._self_check import check_model, warm_up
from ._stored import check_shapes, check_stored
from ._tokenizers import Tokenizers
from ._weights import read_weights


def load_checkpoint(
    load: Load, checkpoint: Checkpoint, tokenizers: Tokenizers, assets: AssetSet, reporter: Reporter
) -> ModelEngine:
    """The engine of a checkpoint, after its first answer."""
    device, dtype = _prepare(load)
    config = _config(checkpoint)
    plan = make_plan(dtype, load.quantization, device.type)
    outline = _outline(config, checkpoint)
    check_shapes(checkpoint, outline)
    taken = estimate(config, outline, plan)
    refuse_if_too_large(taken.weights, taken.needed - taken.weights, plan, device)

    reporter.stage("read")
    model, warnings = read_weights(checkpoint.folder, config, plan, outline, device, reporter)
    reporter.stage("check")
    parts = Parts.of(model)
    check_model(parts)
    odd = check_stored(model, checkpoint)
    log("weights", library=plan.library, forms=check_forms(model, plan, outline))
    is_exact = dtype == "float32" and load.quantization == "none"
    warnings = [
        *tokenizers.warnings,
        *warnings,
        *odd,
        *_unfit(plan, outline),
        *probe(model, tokenizers.special, is_exact=is_exact),
    ]
    facts = describe(
        parts,
        tokenizers.special,
        dtype=dtype,
        quantization=load.quantization,
        parameters=checkpoint.parameters,
    )
    served = Served(model=facts, ops=parts.ops, assets=assets, warnings=warnings)
    settings = PixelSettings.of(checkpoint.preprocessor)
    loaded = _around(parts, served, settings, tokenizers.special, checkpoint.folder / "tokenizer.json")
    return _started(loaded, load, reporter)


def load_random(load: Load, blueprint: Blueprint, reporter: Reporter) -> ModelEngine:
    """The engine of a model with random weights, or of one encoder, after it ran once."""
    device, dtype = _prepare(load)
    outline = outline_of(blueprint)
    # The weights are made on the CPU, wherever they go.
    made, plan = make_plan("float32", "none", "cpu"), make_plan(dtype, "none", device.type)
    refuse_if_too_large(weight_bytes(outline, made), 0, made, torch.device("cpu"))
    refuse_if_too_large(weight_bytes(outline, plan), 0, plan, device)

    reporter.stage("build")
    model = make_model(blueprint)
    reporter.stage("move")
    cast(model, dtype)
    model.to(device)
    reporter.stage("check")
    parts = Parts.of(model)
    special = special_of(model.config.text_config) if parts.whole is not None else None
    facts = describe(parts, special, dtype=dtype, quantization="none", parameters=outline.size)
    check_model(parts)
    log("weights", forms=check_forms(model, plan, outline))
    served = Served(model=facts, ops=parts.ops, assets=empty_assets())
    return _started(_around(parts, served, PixelSettings(), special, None), load, reporter)


def _prepare(load: Load) -> tuple[torch.device, DType]:
    transformers_logging.disable_default_handler()
    transformers_logging.enable_propagation()
    device = choose_device(load.device)
    if load.threads:
        torch.set_num_threads(load.threads)
    log("versions", torch=torch.__version__, threads=torch.get_num_threads())
    return device, choose_dtype(load.dtype, device)


def _around(
    parts: Parts,
    served: Served,
    settings: PixelSettings,
    special: SpecialTokens | None,
    tokenizer_file: Path | None,
) -> Loaded:
    """A model with what its requests need: only what its parts can use."""
    normalise = None
    if parts.vision is not None:
        patch = int(parts.vision.config.patch_size)
        normalise = PixelNormaliser(settings, served.model.image_size, patch)
    decoder, ranker = None, None
    if parts.whole is not None and special is not None:
        language_model = parts.whole.language_model
        # Answers are steered by each request and by the tokenizer, never by what an author left here.
        language_model.generation_config = GenerationConfig()
        decoder = StaticDecoder(language_model, special, tokenizer_file)
        ranker = Ranker(language_model, special)
    return Loaded(parts=parts, served=served, normalise=normalise, decoder=decoder, ranker=ranker)


def _started(loaded: Loaded, load: Load, reporter: Reporter) -> ModelEngine:
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


def _outline(config: Any, checkpoint: Checkpoint) -> Outline:
    try:
        return read_outline(config, has_own_head=checkpoint.has_own_head)
    except Exception as error:
        log_id = log_exception("config_refused", error)
        raise config_invalid(
            f"config.json makes no model: {type(error).__name__}; the worker's log has it as {log_id}."
        ) from error


def _unfit(plan: Plan, outline: Outline) -> list[str]:
    unfit = plan.unfit(outline)
    if not unfit:
        return []
    return [
        f"{len(unfit)} matrices of the language model stay in {plan.dtype}: on the CPU, {plan.quantization} "
        f"needs multiples of 32 and 64, but {unfit[0].name} is {list(unfit[0].shape)}."
    ]
