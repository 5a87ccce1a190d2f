"""The not matcher."""

from __future__ import annotations

from typing import Any

import pytest

from snake.core.errors import ConfigError
from tests.matchers.matching import matches, provisioned


@pytest.mark.parametrize(
    ("sets", "expected"),
    [
        ([{"path": ["/a"]}], False),
        ([{"path": ["/b"]}], True),
        ([{"path": ["/a"], "method": ["POST"]}], True),
        ([{"path": ["/a"], "method": ["GET"]}], False),
        ([{"path": ["/b"]}, {"method": ["GET"]}], False),
        ([{"path": ["/b"]}, {"method": ["POST"]}], True),
        ([{"not": [{"path": ["/a"]}]}], True),
        ([], True),
    ],
)
async def test_no_set_may_match(sets: list[dict[str, Any]], *, expected: bool) -> None:
    """A set matches when all in it does; `not` matches when no set does."""
    assert await matches({"not": sets}, "/a") is expected


async def test_error_inside_names_its_place() -> None:
    """A mistake in a negated matcher is reported with its path in the document."""
    with pytest.raises(ConfigError) as caught:
        await provisioned(**{"not": [{"path": ["/a"]}, {"protocol": "x"}]})

    assert caught.value.path == "not/1/protocol"
