"""proxy.sticky: the cookie that keeps a client at its backend."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from snake.proxy.backend import Backend, Backends, Hosts
from snake.proxy.contract import Outgoing
from snake.proxy.selection import first
from snake.proxy.sticky import Sticky
from tests.proxy.outgoing import outgoing


@pytest.fixture
def pool() -> list[Backend]:
    """Two backends."""
    backends = Backends(Hosts())
    return [backends.make("127.0.0.1:9001"), backends.make("127.0.0.1:9002")]


def value(secret: str, dial: str) -> str:
    """Return what the cookie of a backend is."""
    return hmac.new(secret.encode(), dial.encode(), hashlib.sha256).hexdigest()


def cookies(request: Outgoing) -> list[str]:
    """Return the cookies that are set."""
    return [text.decode() for name, text in request.request.early or () if name == b"set-cookie"]


def test_a_new_client_gets_a_cookie(pool: list[Backend]) -> None:
    """Its value is the HMAC of the backend's address, and it is for plain HTTP too."""
    request = outgoing()

    assert Sticky("lb", "secret", 0, first).select(pool, request) is pool[0]
    assert cookies(request) == [
        f"lb={value('secret', '127.0.0.1:9001')}; Path=/; HttpOnly; SameSite=Lax"
    ]


def test_its_cookie_brings_a_client_back(pool: list[Backend]) -> None:
    """The backend of the cookie is chosen, and no cookie is set."""
    request = outgoing(fields={"Cookie": f"a=b; lb={value('', '127.0.0.1:9002')}; c=d"})

    assert Sticky("lb", "", 0, first).select(pool, request) is pool[1]
    assert cookies(request) == []


@pytest.mark.parametrize("cookie", ["lb=", "lb", "lb=é", "xlb=0", 'lb="', "lb=0" * 3000])
def test_another_cookie_is_replaced(cookie: str, pool: list[Backend]) -> None:
    """What is no backend's cookie counts as none."""
    request = outgoing(fields={"Cookie": cookie})

    assert Sticky("lb", "", 0, first).select(pool, request) is pool[0]
    assert len(cookies(request)) == 1


def test_a_client_moves_when_its_backend_is_gone(pool: list[Backend]) -> None:
    """It gets the cookie of another one; a second attempt replaces that."""
    request = outgoing(fields={"Cookie": f"lb={value('', '127.0.0.1:9001')}"})
    sticky = Sticky("lb", "", 0, first)
    pool[0].unhealthy = True

    assert sticky.select(pool, request) is pool[1]
    pool[0].unhealthy, pool[1].unhealthy = False, True
    request.fields.clear()
    assert sticky.select(pool, request) is pool[0]
    assert cookies(request) == [f"lb={value('', '127.0.0.1:9001')}; Path=/; HttpOnly; SameSite=Lax"]


@pytest.mark.parametrize(
    ("scope", "fields", "trusted", "secure"),
    [
        ({"scheme": "https"}, {}, False, True),
        ({}, {"X-Forwarded-Proto": "https"}, True, True),
        ({}, {"X-Forwarded-Proto": "http"}, True, False),
        ({}, {"X-Forwarded-Proto": "https"}, False, False),
    ],
)
def test_encrypted_clients_get_a_secure_cookie(
    scope: dict[str, Any],
    fields: dict[str, str],
    pool: list[Backend],
    *,
    trusted: bool,
    secure: bool,
) -> None:
    """So do those behind a proxy that is trusted and says so; `max_age` is told in seconds."""
    request = outgoing(fields=fields, **scope)
    request.request.vars["trusted_proxy"] = trusted
    Sticky("lb", "", 90, first).select(pool, request)
    (cookie,) = cookies(request)

    end = "Secure; SameSite=None" if secure else "SameSite=Lax"
    assert cookie.endswith(f"; Path=/; Max-Age=90; HttpOnly; {end}")


def test_a_name_that_is_none_sets_nothing(pool: list[Backend]) -> None:
    """A cookie that no client could send back is not sent, as in Go."""
    request = outgoing()

    assert Sticky("a b", "", 0, first).select(pool, request) is pool[0]
    assert cookies(request) == []
