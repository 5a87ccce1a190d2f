"""A wrong document is an error with the whole path and the nearest name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from snake.config.document import Document
from snake.core.errors import ConfigError
from snake.core.modules import decode
from snake.directives.respond import StaticResponse


def server(**fields: object) -> dict[str, Any]:
    """Return a document with one server."""
    return {"apps": {"http": {"servers": {"srv0": fields}}}}


PLACE = "apps/http/servers/srv0"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"app": {}}, 'unknown field "app"; did you mean "apps"?'),
        ({"apps": {"htp": 1}}, 'apps: unknown field "htp"; did you mean "http"?'),
        (server(lisen=[]), f'{PLACE}: unknown field "lisen"; did you mean "listen"?'),
        (server(listen=[1]), f"{PLACE}/listen/0: expected `str`, got `int`"),
        (
            server(routes=[{}, {"hanle": []}]),
            f'{PLACE}/routes/1: unknown field "hanle"; did you mean "handle"?',
        ),
        (
            server(logs={"logger_names": {"x": 1}}),
            f"{PLACE}/logs/logger_names/x: expected `str | array`, got `int`",
        ),
        ([], "expected `object`, got `array`"),
    ],
)
def test_the_error_names_the_place_and_the_nearest_field(document: object, message: str) -> None:
    """Keys of maps are in the path, and the hint comes from the struct at that place."""
    with pytest.raises(ConfigError) as caught:
        decode(json.dumps(document).encode(), Document)
    assert str(caught.value) == message


def test_a_guest_is_explained_too() -> None:
    """A module's own fields are hinted at, with the path of the module in front."""
    with pytest.raises(ConfigError, match=r'handle/0: unknown field "bdy"; did you mean "body"\?'):
        decode(b'{"bdy": "x"}', StaticResponse, "handle/0")


def test_text_that_is_no_json_is_said_so() -> None:
    """Malformed JSON is an error with the byte where it fails."""
    with pytest.raises(ConfigError, match=r"JSON is malformed: .* \(byte 1\)"):
        decode(b"{x", Document)
