"""What a document needs of the engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from snake.config.document import Document
from snake.core.errors import ConfigError
from snake.core.modules import decode
from snake.engine import needs
from snake.engine.warm import registry


def document(servers: dict[str, list[str]] | None = None, **http: Any) -> Document:
    """Return a document with these servers."""
    listening = {name: {"listen": listen} for name, listen in (servers or {}).items()}
    data = {"apps": {"http": {"servers": listening, **http}}}
    return decode(json.dumps(data).encode(), Document)


def test_a_range_of_ports_is_an_address_each() -> None:
    """`:8080-8082` is three addresses; a Unix socket is one."""
    found = needs.addresses(document({"a": [":8080-8082", "unix//s"]}))
    assert [str(address) for address in found] == [":8080", ":8081", ":8082", "unix//s"]


@pytest.mark.parametrize(
    ("listen", "message"),
    [
        (["localhost"], 'apps/http/servers/b/listen: invalid address "localhost"'),
        (["udp/:80"], "udp/:80 is for HTTP/3 alone"),
        ([":1-3"], "apps/http/servers/b/listen: :2 is already listened on by server 'a'"),
    ],
)
def test_an_address_that_cannot_be_is_an_error(listen: list[str], message: str) -> None:
    """A wrong or repeated address is an error with its JSON path."""
    with pytest.raises(ConfigError) as caught:
        needs.addresses(document({"a": [":2"], "b": listen}))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("given", "seconds"), [(0, None), ("", None), ("5s", 5.0), (1_500_000_000, 1.5)]
)
def test_the_grace_period_is_in_seconds(given: int | str, seconds: float | None) -> None:
    """Nothing and 0 are for ever, as in Caddy."""
    config = document(grace_period=given) if given != "" else document()
    assert needs.grace_period(config) == seconds


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"apps": {"events": {}}}, "apps/events"),
        ({"admin": {"identity": {}}}, "admin/identity"),
    ],
)
def test_what_is_not_available_is_named(data: object, path: str) -> None:
    """A part of the document that would be ignored is an error instead."""
    with pytest.raises(ConfigError, match=f"^{path}: not available"):
        needs.check(decode(json.dumps(data).encode(), Document), registry())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {"admin": {"identity": {"issuers": [{"lifetime": 1}]}}},
            "admin/identity/issuers/0: expected an object with the field 'module'",
        ),
        (
            {"admin": {"identity": {"issuers": [{"module": "internal", "lifetime": []}]}}},
            "admin/identity/issuers/0/lifetime: expected `int | str`, got `array`",
        ),
    ],
)
def test_what_is_wrong_is_told_first(data: object, message: str) -> None:
    """Wrong types in what is not available have their place."""
    with pytest.raises(ConfigError) as caught:
        needs.check(decode(json.dumps(data).encode(), Document), registry())
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(("given", "seconds"), [(0, None), ("2s", 2.0), ("-1s", None)])
def test_the_shutdown_delay_is_in_seconds(given: int | str, seconds: float | None) -> None:
    """None is none; a wrong one has its place."""
    assert needs.shutdown_delay(document(shutdown_delay=given)) == seconds
    with pytest.raises(ConfigError, match=r"^apps/http/shutdown_delay: invalid duration"):
        needs.shutdown_delay(document(shutdown_delay="soon"))


def test_an_empty_document_needs_nothing() -> None:
    """No app, no address, no error."""
    empty = Document()
    needs.check(empty, registry())
    assert needs.addresses(empty) == {}
    assert needs.grace_period(empty) is None
