"""The method matcher."""

from __future__ import annotations

import pytest

from tests.matchers.matching import matches


@pytest.mark.parametrize(
    ("method", "expected"), [("GET", True), ("HEAD", True), ("POST", False), ("get", False)]
)
async def test_methods_are_compared_as_sent(method: str, *, expected: bool) -> None:
    """The config may write methods in any case; a request's method is case-sensitive."""
    assert await matches({"method": ["get", "HEAD"]}, method=method) is expected
