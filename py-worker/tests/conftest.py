"""Fixtures of all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.worker.pool import Pool, temporary_pool


@pytest.fixture
def pool() -> Iterator[Pool]:
    """A pool without a worker yet."""
    with temporary_pool() as pool:
        yield pool
