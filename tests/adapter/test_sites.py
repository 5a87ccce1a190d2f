"""The top level of a Caddyfile, told apart."""

from __future__ import annotations

import pytest

from snake.adapter.sites import Parts, split
from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.read import read
from snake.standard import catalogue


def _split(text: str) -> Parts:
    return split(read(text, "Caddyfile").sections, catalogue())


def test_named_routes_stand_beside_sites() -> None:
    """`&(name)` with braces is a named route; its lines have full placeholders."""
    parts = _split("{\n\tdebug\n}\n&(hello) {\n\trespond {host}\n}\n:80 {\n\tinvoke hello\n}\n")

    assert [line.name for line in parts.options] == ["debug"]
    assert [route.name.text for route in parts.routes] == ["hello"]
    assert parts.routes[0].lines[0].texts == ["{http.request.host}"]
    assert parts.routes[0].files == ("Caddyfile",)
    assert [site.lines[0].texts for site in parts.sites] == [["hello"]]


def test_a_named_route_has_one_key() -> None:
    """Beside another key, `&(name)` is the address that it looks like."""
    parts = _split("&(a) &(b) {\n\trespond hi\n}\n")

    assert parts.routes == ()
    assert [address.host for address in parts.sites[0].addresses] == ["&(a)", "&(b)"]


def test_a_named_route_has_no_name_of_a_directive() -> None:
    """Caddy takes the name for a misplaced directive."""
    with pytest.raises(CaddyfileError, match="parsed 'respond' as a site address"):
        _split("&(respond) {\n\trespond hi\n}\n")
