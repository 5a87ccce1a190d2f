"""Views: resources as clients see them (RFC 8555 §7.1)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from snake.acme_server.links import (
    ACCOUNT,
    AUTHORIZATION,
    CERTIFICATE,
    CHALLENGE,
    FINALIZE,
    ORDER,
    ORDERS,
    Links,
)
from snake.acme_server.resources import Account, Authorization, Challenge, Identifier, Order


def account_view(account: Account, links: Links) -> dict[str, Any]:
    """Return what a client sees of its account."""
    contact = {"contact": account.contact} if account.contact else {}
    return {
        **contact,
        "status": account.status,
        "orders": links.to(ACCOUNT, account.id, ORDERS),
    }


def order_view(order: Order, links: Links, now: float) -> dict[str, Any]:
    """Return what a client sees of an order."""
    view: dict[str, Any] = {
        "id": order.id,
        "status": order.status(now),
        "expires": text_of(order.expires),
        "identifiers": [_identifier(each) for each in order.identifiers],
        "notBefore": text_of(order.begin),
        "notAfter": text_of(order.end),
        "authorizations": [
            links.to(AUTHORIZATION, f"{order.id}.{index}")
            for index in range(len(order.authorizations))
        ],
        "finalize": links.to(ORDER, order.id, FINALIZE),
    }
    if order.chain:
        view["certificate"] = links.to(CERTIFICATE, order.id)
    return view


def authorization_view(order: Order, index: int, links: Links) -> dict[str, Any]:
    """Return what a client sees of the authorization for one name."""
    found: Authorization = order.authorizations[index]
    bare = Identifier(found.identifier.type, found.identifier.value.removeprefix("*."))
    id = f"{order.id}.{index}"
    return {
        "identifier": _identifier(bare),
        "status": found.status,
        "challenges": [challenge_view(each, id, links) for each in found.challenges],
        "wildcard": found.identifier.is_wildcard,
        "expires": text_of(order.expires),
    }


def challenge_view(challenge: Challenge, authorization: str, links: Links) -> dict[str, Any]:
    """Return what a client sees of a challenge."""
    view: dict[str, Any] = {
        "type": challenge.type,
        "status": challenge.status,
        "token": challenge.token,
        "url": links.to(CHALLENGE, authorization, challenge.type),
    }
    if challenge.validated:
        view["validated"] = text_of(challenge.validated)
    if challenge.error:
        view["error"] = challenge.error
    return view


def text_of(time: float) -> str:
    """Return a time as text (RFC 3339)."""
    return datetime.fromtimestamp(int(time), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _identifier(identifier: Identifier) -> dict[str, str]:
    return {"type": identifier.type, "value": identifier.value}
