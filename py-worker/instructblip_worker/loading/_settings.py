"""A checkpoint's configuration, before its weights are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import LoadError, config_invalid, files_missing
from ._folder import check_folder, read_json, read_json_if_there

LanguageModel = Literal["t5", "llama", "opt"]
_LANGUAGE_MODELS: tuple[LanguageModel, ...] = ("t5", "llama", "opt")
_ARCHITECTURE = "InstructBlipForConditionalGeneration"
_PARTS = ("vision_config", "qformer_config", "text_config")
_ATTENTION = ("attn_implementation", "_attn_implementation", "experts_implementation")


@dataclass(frozen=True)
class Settings:
    """What the files of a folder say about its model."""

    folder: Path
    config: dict[str, Any]
    preprocessor: dict[str, Any]
    """How pictures are prepared."""
    processor: dict[str, Any]
    """`processor_config.json`, which checkpoints have since November 2024."""
    language_model: LanguageModel

    @property
    def text_config(self) -> dict[str, Any]:
        """The language model's part of the configuration."""
        found: dict[str, Any] = self.config["text_config"]
        return found


def inspect_settings(folder: Path) -> Settings:
    """Check all files but the weights. Raises LoadError, in words for each thing that is wrong."""
    check_folder(folder)
    config = read_json(folder, "config.json")
    language_model = check_config(config)
    if (folder / "adapter_config.json").exists():
        raise config_invalid(
            "The folder has an adapter (adapter_config.json). Merge it into the model and save that.",
            path="adapter_config.json",
        )
    processor = read_json_if_there(folder, "processor_config.json")
    return Settings(folder, config, _preprocessor(folder, processor), processor, language_model)


def check_language_model(kind: object) -> LanguageModel:
    """A ``model_type`` that can be served. Raises LoadError naming those there are."""
    for known in _LANGUAGE_MODELS:
        if kind == known:
            return known
    raise config_invalid(
        f"The language model {kind!r} is not supported: only {', '.join(_LANGUAGE_MODELS)} are.",
        path="text_config.model_type",
    )


def refuse_remote_code(config: dict[str, Any]) -> None:
    """Raise LoadError when a configuration or a part of it names code to be fetched or run."""
    for part, values in (("", config), *config.items()):
        if not isinstance(values, dict):
            continue
        if "auto_map" in values:
            raise _remote_code(part, "auto_map")
        for key in _ATTENTION:
            # Names with a slash are repositories of kernels.
            if "/" in str(values.get(key)):
                raise _remote_code(part, key)


def _remote_code(part: str, key: str) -> LoadError:
    path = f"{part}.{key}" if part else key
    return config_invalid(
        f"The configuration names code of its own ({path}), which is never run. Remove the entry if "
        "transformers' own classes will do.",
        path=path,
    )


def check_config(config: dict[str, Any]) -> LanguageModel:
    """The kind of language model. Raises LoadError for what is no InstructBLIP, or cannot be served."""
    architectures = config.get("architectures") or []
    if config.get("model_type") != "instructblip" or (architectures and _ARCHITECTURE not in architectures):
        raise config_invalid(
            f"config.json describes {config.get('model_type')!r} {architectures}, but only "
            f"'instructblip' [{_ARCHITECTURE!r}] can be served.",
            path="architectures",
        )
    refuse_remote_code(config)
    for key, reason in (
        (
            "quantization_config",
            "is quantised already. Load the original, and set `quantization`",
        ),
        ("transformers_weights", "has its weights under another name. Only model.safetensors is read"),
    ):
        if config.get(key) is not None:
            raise config_invalid(f"The checkpoint {reason}.", path=key)
    for part in _PARTS:
        if not isinstance(config.get(part), dict):
            raise config_invalid(f"config.json has no {part}.", path=part)
    return check_language_model(config["text_config"].get("model_type"))


def _preprocessor(folder: Path, processor: dict[str, Any]) -> dict[str, Any]:
    """The picture's settings: in a file of their own, or within the processor's."""
    if (folder / "preprocessor_config.json").is_file():
        return read_json(folder, "preprocessor_config.json")
    found = processor.get("image_processor")
    if isinstance(found, dict):
        return found
    raise files_missing("The checkpoint has no preprocessor_config.json.")
