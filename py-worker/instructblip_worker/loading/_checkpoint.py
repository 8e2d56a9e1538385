"""A checkpoint's folder, before anything of it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import bad_data
from ._safetensors import StoredTensor
from ._settings import Settings, inspect_settings
from ._shards import read_shards

HEAD = "language_model.lm_head.weight"
_PARTS = ("vision_model.", "qformer.", "language_projection.", "language_model.", "query_tokens")


@dataclass(frozen=True)
class Checkpoint(Settings):
    """What a folder holds, as far as its configuration and the heads of its files tell."""

    tensors: Mapping[str, StoredTensor]

    @property
    def parameters(self) -> int:
        """How many numbers there are."""
        return sum(tensor.size for tensor in self.tensors.values())

    @property
    def has_own_head(self) -> bool:
        """Whether the language model's head is stored apart from its embeddings."""
        return HEAD in self.tensors


def inspect_checkpoint(folder: Path) -> Checkpoint:
    """Check a folder for everything that a load needs. Raises LoadError, in words for each thing missing."""
    settings = inspect_settings(folder)
    tensors = read_shards(folder)
    for part in _PARTS:
        if not any(name.startswith(part) for name in tensors):
            raise bad_data(
                f"The checkpoint has no weights of {part.rstrip('.')}: it is no whole InstructBLIP."
            )
    return Checkpoint(**vars(settings), tensors=tensors)
