"""What a document needs of the engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from snake.config.document import Document
from snake.core.errors import ConfigError
from snake.core.modules import Module, Registry, decode
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


class Tell(Module):
    """A handler of events, as a plugin may have it."""

    id = "events.handlers.tell"


def test_what_is_not_available_is_named() -> None:
    """Handlers that would never be called are an error instead; without any there is nothing.

    Those that nobody knows are told first.
    """

    def check(*handlers: str) -> None:
        subscription = {"events": ["a"], "handlers": [{"handler": each} for each in handlers]}
        data = {"apps": {"events": {"subscriptions": [{}, subscription]}}}
        known = Registry({"events.handlers.tell": f"{__name__}:Tell"})
        needs.check(decode(json.dumps(data).encode(), Document), known)

    check()
    with pytest.raises(
        ConfigError, match=r"^apps/events/subscriptions/1: events are not available"
    ):
        check("tell")
    with pytest.raises(ConfigError, match=r"unknown module: events.handlers.exec"):
        check("exec")


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
