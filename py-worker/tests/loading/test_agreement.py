"""What is odd about a checkpoint but does no harm is said, and no more."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from instructblip_worker.loading._checkpoint import inspect_checkpoint
from instructblip_worker.loading._tokenizers import inspect_tokenizers
from tests.loading.test_checkpoint import LLAMA, T5, edit

Change = Callable[[dict[str, Any]], object]


def warnings(folder: Path) -> list[str]:
    return inspect_tokenizers(inspect_checkpoint(folder)).warnings


@pytest.mark.parametrize(
    ("source", "file", "change", "words"),
    [
        (
            T5,
            "processor_config.json",
            lambda c: c.update(num_query_tokens=16),
            "16 query tokens, config.json 8",
        ),
        (T5, "config.json", lambda c: c.update(image_token_index=7), "has <image> as 1400"),
        (T5, "config.json", lambda c: c["text_config"].update(eos_token_id=3), "config.json says eos 3"),
        (LLAMA, "config.json", lambda c: c["text_config"].update(pad_token_id=0), "config.json says pad 0"),
        (
            LLAMA,
            "generation_config.json",
            lambda c: c.update(eos_token_id=[1]),
            "generation_config.json says eos",
        ),
        (LLAMA, "tokenizer_config.json", lambda c: c.update(padding_side="left"), "padding to the left"),
        (LLAMA, "tokenizer_config.json", lambda c: c.update(bos_token="<unk>"), "start prompts with its bos"),
        (
            LLAMA,
            "tokenizer.json",
            lambda c: c.update(post_processor=None),
            "start prompts with its bos_token",
        ),
        (T5, "tokenizer.json", lambda c: c.update(post_processor=None), "does not end prompts"),
    ],
)
def test_a_disagreement_is_a_warning(
    source: Path, file: str, change: Change, words: str, tmp_path: Path
) -> None:
    for path in source.rglob("*"):
        target = tmp_path / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            target.write_bytes(path.read_bytes())
    edit(tmp_path / file, change)
    found = warnings(tmp_path)
    assert any(words in warning for warning in found), found


def test_what_is_left_out_is_no_disagreement(tmp_path: Path) -> None:
    assert warnings(T5) == warnings(LLAMA) == []
    assert "padding_side" not in json.loads((LLAMA / "tokenizer_config.json").read_text())
