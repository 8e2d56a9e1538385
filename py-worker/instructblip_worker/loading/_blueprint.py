"""A model to be made from a configuration, with random weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import config_invalid
from ..protocol import ConfigSource, Quantization
from ._settings import check_language_model, refuse_remote_code

_MODEL_TYPES = {
    "instructblip": "instructblip",
    "vision": "instructblip_vision_model",
    "qformer": "instructblip_qformer",
}


@dataclass(frozen=True)
class Blueprint:
    """What to make: transformers' dictionary, for which class, and where its random numbers start."""

    model: Literal["instructblip", "vision", "qformer"]
    config: dict[str, Any]
    seed: int


def read_blueprint(source: ConfigSource, quantization: Quantization) -> Blueprint:
    """Check a configuration for what can be told without torch. Raises LoadError."""
    if quantization != "none":
        raise config_invalid(
            f"Random weights cannot be quantised: quantization must be none, but is {quantization}.",
            path="quantization",
        )
    try:
        config = json.loads(source.config)
    except ValueError as error:
        raise config_invalid("config is not valid JSON.", path="config") from error
    if not isinstance(config, dict):
        raise config_invalid("config must hold a JSON object.", path="config")
    wanted = _MODEL_TYPES[source.model]
    found = config.get("model_type", wanted)
    if found != wanted:
        raise config_invalid(
            f"config describes {found!r}, but {wanted!r} is to be made.", path="config.model_type"
        )
    refuse_remote_code(config)
    if source.model == "instructblip":
        # Without one, transformers takes OPT's defaults.
        check_language_model((config.get("text_config") or {}).get("model_type", "opt"))
    return Blueprint(source.model, config, source.seed)
