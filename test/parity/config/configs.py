"""What transformers makes of configurations, and of the files that the TypeScript side wrote of them.

usage: python configs.py FOLDER

FOLDER/cases.json is a list of {"class", "json"}. For case N, FOLDER/ts/N/config.json was written by the other
side, and FOLDER/python/N/config.json is written here. Written to FOLDER/answers.json: for each case
{"made": to_dict of the configuration made from the dictionary, "read": to_dict of what was read from the
other side's file, "parts": to_dict of its parts, read by their own classes}.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import transformers
from transformers import PreTrainedConfig


def made(name: str, given: dict[str, Any]) -> PreTrainedConfig:
    cls = getattr(transformers, name)
    return cls(**with_fractions(cls, PreTrainedConfig._decode_special_floats(given)))


def with_fractions(cls: type, given: dict[str, Any]) -> dict[str, Any]:
    """JavaScript writes 1.0 as 1, which the classes refuse: what the case means is a fraction."""
    hints = {field.name: str(field.type) for field in dataclasses.fields(cls)}
    parts = {
        "vision_config": transformers.InstructBlipVisionConfig,
        "qformer_config": transformers.InstructBlipQFormerConfig,
        "text_config": text_class(given.get("text_config") or {}),
    }

    def mend(key: str, value: Any) -> Any:
        if key in parts and isinstance(value, dict):
            return with_fractions(parts[key], value)
        is_fraction = hints.get(key) in ("float", "<class 'float'>")
        return float(value) if is_fraction and type(value) is int else value

    return {key: mend(key, value) for key, value in given.items()}


def text_class(given: dict[str, Any]) -> type:
    known = {
        "t5": transformers.T5Config,
        "llama": transformers.LlamaConfig,
        "opt": transformers.OPTConfig,
    }
    return known[given.get("model_type", "opt")]


def as_json(config: PreTrainedConfig) -> Any:
    return PreTrainedConfig._encode_special_floats(config.to_dict())


def answer(case: dict[str, Any], theirs: Path, ours: Path) -> dict[str, Any]:
    config = made(case["class"], case["json"])
    config.save_pretrained(ours)
    read = type(config).from_pretrained(theirs)
    parts = {}
    if isinstance(config, transformers.InstructBlipConfig):
        for key in ("vision_config", "qformer_config", "text_config"):
            part = type(getattr(config, key)).from_pretrained(theirs)
            parts[key] = as_json(part)
    return {"made": as_json(config), "read": as_json(read), "parts": parts}


def main(folder: Path) -> None:
    cases = json.loads((folder / "cases.json").read_text())
    answers = [
        answer(case, folder / "ts" / str(i), folder / "python" / str(i)) for i, case in enumerate(cases)
    ]
    (folder / "answers.json").write_text(json.dumps(answers, allow_nan=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
