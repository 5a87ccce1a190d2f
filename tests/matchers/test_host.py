"""The host matcher."""

from __future__ import annotations

import pytest

from snake.core.errors import ConfigError
from tests.matchers.matching import matches, provisioned


@pytest.mark.parametrize(
    ("pattern", "host", "expected"),
    [
        ("Example.com", "EXAMPLE.COM", True),
        ("example.com", "example.com:8080", True),
        ("example.com", "www.example.com", False),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "A.Example.com:443", True),
        ("*.example.com", "a.b.example.com", False),
        ("*.example.com", "example.com", False),
        ("a.*.com", "a.b.com", True),
        ("*", "localhost", True),
        ("*", "example.com", False),
        ("::1", "[::1]:80", True),
        ("bücher.example", "xn--bcher-kva.example", True),
        ("{http.request.header.x-host}", "named.example", True),
        ("*.{http.request.header.x-host}", "sub.named.example", True),
        ("{http.vars.none}", "example.com", False),
    ],
)
async def test_host_matches(pattern: str, host: str, *, expected: bool) -> None:
    """Hosts are compared in any case and without port; a star is exactly one label."""
    asked = matches({"host": [pattern]}, host=host, headers={"x-host": "named.example"})

    assert await asked is expected


async def test_repeated_host_is_refused() -> None:
    """A host that is listed twice, in any case, is a mistake."""
    with pytest.raises(ConfigError, match="host at index 0 is repeated at index 2"):
        await provisioned(host=["a.com", "b.com", "A.com"])
