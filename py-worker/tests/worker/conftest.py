"""A worker with a real model that several tests ask, as loading one takes seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from instructblip_worker.protocol import FolderSource
from tests.engine.bench import MODELS
from tests.worker.pool import Pool, temporary_pool


@pytest.fixture(scope="session")
def _shared() -> Iterator[Pool]:
    with temporary_pool() as pool:
        pool.start(FolderSource(path=str(MODELS / "tiny-shapes-llama")))
        yield pool


@pytest.fixture
def llama(_shared: Pool) -> Pool:
    """A READY worker that serves the small Vicuna-like checkpoint; nothing is on its way to us."""
    _shared.clear()
    return _shared
