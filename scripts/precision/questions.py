"""Held-out questions as a checkpoint takes them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer

from scripts.checkpoints.cases import cases
from scripts.checkpoints.questions import KINDS_OF_QUESTION
from scripts.checkpoints.render_sdf import render_sdf

_FIRST_SEED = 500_000_000


@dataclass(frozen=True)
class Questions:
    """N questions, each about a picture of its own."""

    pixels: torch.Tensor  # f32 [N, 3, S, S], normalised
    prompts: list[list[int]]
    qformer_prompts: list[list[int]]

    def __len__(self) -> int:
        return len(self.prompts)

    def part(self, start: int, count: int) -> Questions:
        """Some of them."""
        rows = slice(start, start + count)
        return Questions(self.pixels[rows], self.prompts[rows], self.qformer_prompts[rows])


def held_out(folder: Path, count: int) -> Questions:
    """Questions of every kind about pictures that neither training nor evaluation used."""
    asked = cases(KINDS_OF_QUESTION, render_sdf, count, _FIRST_SEED)
    texts = [question.text for _, question in asked]
    settings = json.loads((folder / "preprocessor_config.json").read_text())
    return Questions(
        torch.from_numpy(np.stack([_pixels(picture, settings) for picture, _ in asked])),
        _ids(folder / "tokenizer.json", texts),
        _ids(folder / "qformer_tokenizer" / "tokenizer.json", texts),
    )


def _pixels(picture: Image.Image, settings: dict[str, list[float] | dict[str, int]]) -> np.ndarray:
    """f32 [3, S, S] by the checkpoint's own settings."""
    size = settings["size"]
    assert isinstance(size, dict)
    resized = picture.convert("RGB").resize((size["width"], size["height"]), Image.Resampling.BICUBIC)
    scaled = np.asarray(resized, dtype=np.float32) / 255
    mean, std = (np.asarray(settings[name], dtype=np.float32) for name in ("image_mean", "image_std"))
    normalised: np.ndarray = ((scaled - mean) / std).transpose(2, 0, 1)
    return normalised


def _ids(file: Path, texts: list[str]) -> list[list[int]]:
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    return [tokenizer.encode(text).ids for text in texts]
