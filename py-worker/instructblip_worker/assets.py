"""The files a processor needs: tokenizers, pictures' settings, configurations."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .engine import AssetSet
from .errors import files_missing

_FILES = (
    "config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "qformer_tokenizer/tokenizer.json",
    "qformer_tokenizer/tokenizer_config.json",
    "qformer_tokenizer/special_tokens_map.json",
    "qformer_tokenizer/added_tokens.json",
)
_REQUIRED = ("config.json", "tokenizer.json", "qformer_tokenizer/tokenizer.json")


def read_assets(folder: str | Path) -> AssetSet:
    """The processor's files of a checkpoint folder; those that are not there are left out."""
    root = Path(folder)
    files = {name: (root / name).read_bytes() for name in _FILES if (root / name).is_file()}
    for name in _REQUIRED:
        if name not in files:
            raise files_missing(f"The checkpoint has no {name}.")
    return AssetSet(_digest(files), files)


def empty_assets() -> AssetSet:
    """No files at all: for a model that has no checkpoint."""
    return AssetSet(_digest({}), {})


def _digest(files: dict[str, bytes]) -> str:
    """SHA-256 over path, length and content of every file, in the order of their paths."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path}\0{len(files[path])}\0".encode())
        digest.update(files[path])
    return digest.hexdigest()
