"""What tests of several folders need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.python.serving import WAY


@pytest.fixture(params=["embedded", "pooled"])
def way(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test both ways: with its app in the worker, and through a hop to it."""
    WAY.pooled = request.param == "pooled"
    yield request.param
    WAY.pooled = False
