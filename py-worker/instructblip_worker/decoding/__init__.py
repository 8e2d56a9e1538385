"""From a prompt's embeddings to tokens."""

from __future__ import annotations

from .options import batch_key, check_options
from .static import StaticDecoder

__all__ = ["StaticDecoder", "batch_key", "check_options"]
