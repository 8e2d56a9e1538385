"""Fixtures of all tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worker.pool import Pool


@pytest.fixture
def pool() -> Iterator[Pool]:
    """A pool without a worker yet. Its folder has a short name: socket paths may have 107 characters."""
    directory = Path(tempfile.mkdtemp(prefix="ibw-"))
    pool = Pool(directory)
    yield pool
    pool.close()
    shutil.rmtree(directory)
