"""forward_auth: what it is short for."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from snake.adapter.adapt import adapt
from snake.config.document import encode
from snake.standard import catalogue
from tests.adapter.test_adapt import refusal


def proxy(lines: str) -> dict[str, Any]:
    """Return the JSON of the proxy that a block makes."""
    document, _ = adapt(f":80 {{\nforward_auth a {{\n{lines}\n}}\n}}", "Caddyfile", catalogue())
    whole = msgspec.json.decode(encode(document))
    found: dict[str, Any] = whole["apps"]["http"]["servers"]["srv0"]["routes"][0]["handle"][0]
    return found


def test_request_is_a_get_without_body() -> None:
    """The upstream is asked by GET, and told the method and URI of the client."""
    found = proxy("uri /x")
    assert found["rewrite"] == {"method": "GET", "uri": "/x"}
    assert found["headers"]["request"]["set"] == {
        "X-Forwarded-Method": ["{http.request.method}"],
        "X-Forwarded-Uri": ["{http.request.uri}"],
    }


def test_copied_headers_are_never_those_of_the_client() -> None:
    """A header is taken off the request before that of the response is put there."""
    (success,) = proxy("uri /x\ncopy_headers User")["handle_response"]
    nothing, take_off, put_there = success["routes"]
    assert success["match"] == {"status_code": [2]}
    assert nothing == {"handle": [{"handler": "vars"}]}
    assert "match" not in take_off
    assert take_off["handle"][0]["request"] == {"delete": ["User"]}
    assert put_there["match"] == [{"not": [{"vars": {"{http.reverse_proxy.header.User}": [""]}}]}]


def test_what_is_said_after_counts() -> None:
    """A subdirective of the proxy says something else, wherever it stands."""
    assert proxy("rewrite /y\nmethod POST\nuri /x")["rewrite"] == {"method": "POST", "uri": "/y"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", "forward_auth: the 'uri' subdirective is required"),
        ('uri ""', "forward_auth: the 'uri' subdirective is required"),
        ("uri", "uri takes an argument"),
        ("uri /a\nuri /b", "cannot re-declare uri: /b"),
        ("uri /a /b", "forward_auth: unrecognized subdirective: /b"),
        ("uri /a {\n}", "uri takes no block"),
        ("uri /a\ncopy_headers", "copy_headers takes the names of headers"),
        ("uri /a\ncopy_headers {\n}", "copy_headers has an empty block"),
        ("uri /a\ncopy_header", "forward_auth: unrecognized subdirective: copy_header"),
    ],
)
def test_wrong_lines(lines: str, message: str) -> None:
    """What is missing, given twice or left over is refused."""
    error = refusal(f":80 {{\nforward_auth a {{\n{lines}\n}}\n}}")
    assert error.message.startswith(message)
