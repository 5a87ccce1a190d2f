"""Documents as automatic HTTPS makes them, and what is in them."""

from __future__ import annotations

from typing import Any

import msgspec

from snake.config.document import Document
from snake.config.http import Route, Server
from snake.config.tls import AutomationPolicy
from snake.core.modules import decode
from snake.http.autohttps import Automatic, automatic

ACME = {"module": "acme"}
INTERNAL = {"module": "internal"}


def route(*hosts: str, **more: Any) -> dict[str, Any]:
    """Return a route for hosts, or for all."""
    return {"match": [{"host": list(hosts)}], **more} if hosts else {"handle": [], **more}


def server(*listen: str, routes: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """Return a server that listens there."""
    return {"listen": list(listen), "routes": routes or [], **more}


def made(
    servers: dict[str, Any],
    *,
    tls: dict[str, Any] | None = None,
    loaded: tuple[str, ...] = (),
    **app: Any,
) -> Automatic:
    """Return what is made of a document with these servers."""
    apps: dict[str, Any] = {"http": {**app, "servers": servers}}
    if tls is not None:
        apps["tls"] = tls
    document = decode(msgspec.json.encode({"apps": apps}), Document)
    return automatic(document, loaded.__contains__)


def servers_of(found: Automatic) -> dict[str, Server]:
    """Return its servers."""
    assert found.document.apps is not None
    assert found.document.apps.http is not None
    return found.document.apps.http.servers


def policies_of(found: Automatic) -> list[tuple[tuple[str, ...], list[Any]]]:
    """Return subjects and issuers of its policies."""
    return [
        (policy.subjects, [msgspec.json.decode(issuer) for issuer in policy.issuers])
        for policy in automation_of(found)
    ]


def automation_of(found: Automatic) -> tuple[AutomationPolicy, ...]:
    """Return its automation policies."""
    assert found.document.apps is not None
    assert found.document.apps.tls is not None
    assert found.document.apps.tls.automation is not None
    return found.document.apps.tls.automation.policies


def shown(routes: tuple[Route, ...]) -> list[str]:
    """Return each route as its hosts and where it leads."""
    return [
        f"{' '.join(msgspec.json.decode(each.match[0].get('host', b'[]'))) if each.match else ''}"
        f" {msgspec.json.decode(each.handle[0])['headers']['Location'][0] if each.handle else '-'}"
        for each in routes
    ]
