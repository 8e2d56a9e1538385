"""The bundled checkpoints, loaded once for all tests of the engine."""

from __future__ import annotations

import pytest

from tests.engine.bench import Bench


@pytest.fixture(scope="session", params=["t5", "llama"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """Each checkpoint in float32."""
    return Bench(request.param)
