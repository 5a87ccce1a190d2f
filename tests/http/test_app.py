"""http.app."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest

from snake.config.http import Server
from snake.core.errors import ConfigError
from snake.core.modules import Context
from snake.engine.warm import registry
from snake.http.app import settings_of
from snake.transport.settings import Settings


def settings(**fields: Any) -> Settings:
    """Return the settings of a server with these fields."""
    ctx = Context(registry(), AsyncExitStack(), path="apps/http/servers/a")
    return settings_of(ctx, msgspec.convert(fields, Server))


@pytest.mark.parametrize(
    ("fields", "changed"),
    [
        ({}, {}),
        ({"read_timeout": "5s"}, {"read_timeout": 5.0}),
        ({"idle_timeout": -1}, {"idle_timeout": None}),
        ({"max_header_bytes": 1000}, {"max_header_bytes": 1000}),
        ({"max_header_bytes": -5}, {}),
        ({"keepalive_interval": "1500ms"}, {"keepalive_interval": 2}),
        ({"keepalive_interval": -1}, {"keepalive_interval": -1}),
        ({"keepalive_interval": "-1s"}, {"keepalive_interval": -1}),
        (
            {"keepalive_idle": 10**9, "keepalive_count": 3},
            {"keepalive_idle": 1, "keepalive_count": 3},
        ),
        ({"protocols": ["h1", "h2"]}, {"http2": False}),
        ({"protocols": ["h1", "h2c"]}, {"http2": True}),
        ({"listen_protocols": [None, ["h1"]]}, {"http2": False}),
        ({"expected_dot_headers": ["A.B"]}, {"keep_dot_headers": frozenset({b"a.b"})}),
    ],
)
def test_fields_are_settings(fields: dict[str, Any], changed: dict[str, Any]) -> None:
    """What is not set, or is no limit, is as the transport has it."""
    assert settings(**fields) == msgspec.structs.replace(Settings(), **changed)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"read_timeout": "soon"}, "a/read_timeout: invalid duration"),
        ({"keepalive_idle": "5"}, "a/keepalive_idle: invalid duration"),
        ({"protocols": ["h2"]}, "a/protocols: h1 cannot be left out"),
        ({"listen_protocols": [["h1"], ["h3"]]}, "a/listen_protocols/1: h1 cannot be left out"),
    ],
)
def test_wrong_fields_have_their_place(fields: dict[str, Any], message: str) -> None:
    """The error has the JSON path."""
    with pytest.raises(ConfigError, match=message):
        settings(**fields)
