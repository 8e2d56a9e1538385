"""From a prompt's embeddings to tokens."""

from __future__ import annotations

from .batch import Facts
from .options import batch_key
from .ranking import Ranker
from .static import StaticDecoder

__all__ = ["Facts", "Ranker", "StaticDecoder", "batch_key"]
