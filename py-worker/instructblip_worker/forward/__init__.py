"""One pass through the model, or through a part of it, with any of its inner tensors."""

from __future__ import annotations

from ._passes import ForwardPasses

__all__ = ["ForwardPasses"]
