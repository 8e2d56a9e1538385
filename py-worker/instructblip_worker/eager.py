"""Attention maps, which only transformers' eager attention gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def eager_attention(model: Any, *, wanted: bool) -> Iterator[None]:
    """Have ``model`` and all its parts attend eagerly meanwhile, if ``wanted``.

    Each part may have a configuration of its own, as T5's two halves do.
    """
    configs = [module.config for module in model.modules() if hasattr(module, "config")] if wanted else []
    before = {id(config): (config, config._attn_implementation) for config in configs}
    try:
        for config, _ in before.values():
            config._attn_implementation = "eager"
        yield
    finally:
        for config, implementation in before.values():
            config._attn_implementation = implementation
