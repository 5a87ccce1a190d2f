"""core.nulls: what null stands for in a document."""

from __future__ import annotations

import json
from typing import Any

import pytest

from snake.config.document import Document
from snake.core.errors import ConfigError
from snake.core.modules import decode
from snake.directives.respond import StaticResponse


def server(**fields: object) -> Any:
    """Return a document with one server."""
    return {"apps": {"http": {"servers": {"a": fields}}}}


@pytest.mark.parametrize(
    ("given", "same"),
    [
        (server(listen=None), server()),
        (server(listen=[None, ":80"]), server(listen=["", ":80"])),
        (server(routes=None, read_timeout=None), server()),
        (server(routes=[None]), server(routes=[{}])),
        (server(routes=[{"match": None, "terminal": None}]), server(routes=[{}])),
        (server(routes=[{"match": [None]}]), server(routes=[{"match": [{}]}])),
        (server(logs={"logger_names": None}), server(logs={})),
        (
            server(listen_protocols=[None, ["h1"]], max_header_bytes=None),
            server(listen_protocols=[None, ["h1"]]),
        ),
        ({"apps": {"http": {"servers": None}}}, {"apps": {"http": {}}}),
    ],
)
def test_null_is_what_is_not_there(given: object, same: object) -> None:
    """A field that is null is left out, an item is the empty value of its type, as in Go."""
    assert decode(json.dumps(given).encode(), Document) == decode(
        json.dumps(same).encode(), Document
    )


def test_module_is_read_so_too() -> None:
    """Numbers and text beside a null stay what they are."""
    found = decode(b'{"body": "null", "headers": null, "status_code": 404}', StaticResponse)
    assert found == StaticResponse(body="null", status_code=404)


def test_what_is_wrong_beside_a_null_is_told() -> None:
    """A null hides no mistake."""
    with pytest.raises(ConfigError, match="apps/http/servers/a/listen/1: expected `str`, got `int"):
        decode(json.dumps(server(listen=[None, 5], routes=None)).encode(), Document)
