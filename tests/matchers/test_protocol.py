"""The protocol matcher."""

from __future__ import annotations

import pytest

from snake.core.errors import ConfigError
from tests.matchers.matching import matches, provisioned


@pytest.mark.parametrize(
    ("protocol", "scheme", "version", "expected"),
    [
        ("http", "http", "1.1", True),
        ("http", "https", "1.1", False),
        ("https", "https", "2", True),
        ("https", "wss", "1.1", True),
        ("https", "http", "1.1", False),
        ("http/1.0", "http", "1.0", True),
        ("http/1.0+", "http", "1.1", True),
        ("http/1.1", "http", "1.0", False),
        ("http/1.1+", "http", "3", True),
        ("http/2", "http", "2", True),
        ("http/2+", "http", "1.1", False),
        ("http/3", "https", "3", True),
    ],
)
async def test_protocol_matches(
    protocol: str, scheme: str, version: str, *, expected: bool
) -> None:
    """`http` and `https` tell TLS, versions are exact or, with a plus, the least."""
    asked = matches({"protocol": protocol}, scheme=scheme, http_version=version)

    assert await asked is expected


async def test_grpc_is_told_by_its_content_type() -> None:
    """`grpc` matches requests with a content type of gRPC."""
    headers = {"content-type": "application/grpc+proto"}

    assert await matches({"protocol": "grpc"}, headers=headers)
    assert not await matches({"protocol": "grpc"})


async def test_unknown_protocol_is_refused() -> None:
    """A protocol that could never match is refused when the config is loaded."""
    with pytest.raises(ConfigError, match='unknown protocol "http/4"; expected http, https'):
        await provisioned(protocol="http/4")
