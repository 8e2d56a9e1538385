"""A checkpoint's folder, before anything of it is loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import bad_data, config_invalid, files_missing, model_missing
from ._safetensors import count_parameters

LanguageModel = Literal["t5", "llama", "opt"]
_LANGUAGE_MODELS: tuple[LanguageModel, ...] = ("t5", "llama", "opt")
_ARCHITECTURE = "InstructBlipForConditionalGeneration"
_SINGLE = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json")


@dataclass(frozen=True)
class Checkpoint:
    """What a folder holds, as far as its configuration and the heads of its files tell."""

    folder: Path
    config: dict[str, Any]
    preprocessor: dict[str, Any]
    language_model: LanguageModel
    parameters: int

    @property
    def text_config(self) -> dict[str, Any]:
        """The language model's part of the configuration."""
        found: dict[str, Any] = self.config["text_config"]
        return found


def inspect_checkpoint(folder: Path) -> Checkpoint:
    """Check a folder for everything that a load needs. Raises LoadError, in words for each thing missing."""
    if not folder.is_dir():
        raise model_missing("There is no such checkpoint folder.")
    config = _read_json(folder, "config.json")
    language_model = _check_config(config)
    parameters = sum(count_parameters(path) for path in _weight_files(folder))
    return Checkpoint(folder, config, _read_preprocessor(folder), language_model, parameters)


def _check_config(config: dict[str, Any]) -> LanguageModel:
    architectures = config.get("architectures") or []
    if config.get("model_type") != "instructblip" or (architectures and _ARCHITECTURE not in architectures):
        raise config_invalid(
            f"config.json describes {config.get('model_type')!r} {architectures}, but only "
            f"'instructblip' [{_ARCHITECTURE!r}] can be served.",
            path="architectures",
        )
    for part in ("vision_config", "qformer_config", "text_config"):
        if not isinstance(config.get(part), dict):
            raise config_invalid(f"config.json has no {part}.", path=part)
    refuse_remote_code(config)
    return check_language_model(config["text_config"].get("model_type"))


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
    """Raise LoadError when a configuration or a part of it names code to be run."""
    for part, values in (("", config), *config.items()):
        if isinstance(values, dict) and "auto_map" in values:
            where = f"{part}.auto_map" if part else "auto_map"
            raise config_invalid(
                f"The configuration names code of its own ({where}), which is never run. Remove the entry if "
                "transformers' own classes will do.",
                path=where,
            )


def _weight_files(folder: Path) -> list[Path]:
    """The files of the weights; none of them is a pickle."""
    if (folder / _SINGLE).is_file():
        return [folder / _SINGLE]
    if not (folder / _INDEX).is_file():
        if any((folder / name).is_file() for name in _PICKLES):
            raise files_missing(
                "The checkpoint has its weights in pickle files only, which can run code when read. "
                "Convert it to safetensors (`save_pretrained` writes them)."
            )
        raise files_missing(f"The checkpoint has no weights: neither {_SINGLE} nor {_INDEX}.")
    shards = _read_json(folder, _INDEX).get("weight_map")
    if not isinstance(shards, dict) or not shards:
        raise bad_data(f"{_INDEX} has no weight_map.")
    names = sorted({str(name) for name in shards.values()})
    for name in names:
        if Path(name).name != name:
            raise bad_data(f"{_INDEX} names a file outside of the folder.")
        if not (folder / name).is_file():
            raise files_missing(f"{name} is missing, though {_INDEX} names it.")
    return [folder / name for name in names]


def _read_preprocessor(folder: Path) -> dict[str, Any]:
    """The picture's settings: in a file of their own, or within the processor's."""
    if (folder / "preprocessor_config.json").is_file():
        return _read_json(folder, "preprocessor_config.json")
    if (folder / "processor_config.json").is_file():
        found = _read_json(folder, "processor_config.json").get("image_processor")
        if isinstance(found, dict):
            return found
    raise files_missing("The checkpoint has no preprocessor_config.json.")


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    try:
        found = json.loads((folder / name).read_bytes())
    except FileNotFoundError:
        raise files_missing(f"The checkpoint has no {name}.") from None
    except ValueError as error:
        raise config_invalid(f"{name} is not valid JSON.", path=name) from error
    if not isinstance(found, dict):
        raise config_invalid(f"{name} must hold a JSON object.", path=name)
    return found
