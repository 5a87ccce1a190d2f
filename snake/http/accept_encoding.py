"""Accept-Encoding: which content codings a client takes, and which of ours it gets.

Source: RFC 9110 section 12.5.3; where Caddy differs (`*` means nothing, an
unreadable quality is 1), Caddy.
"""

from __future__ import annotations

from collections.abc import Sequence

from snake.http.request import Request

_LEAST = 0.00001
"""Qualities nearer than this are equal, and one that is not larger is a refusal."""


def accepted_encodings(request: Request, order: Sequence[str]) -> list[str]:
    """Return the codings that the client takes, best first.

    The client's quality decides; among equals, our `order`. The handshake of a
    WebSocket takes none.
    """
    value = request.header(b"accept-encoding")
    if not value:
        return []
    accepted = parse_accept_encoding(value, order)
    if request.header(b"sec-websocket-key"):
        return [name for name in accepted if name == "identity"]
    return accepted


def parse_accept_encoding(value: str, order: Sequence[str]) -> list[str]:
    """Return the codings of one field value, best first; see `accepted_encodings`."""
    accepted: list[tuple[float, int, str]] = []
    for part in value.split(","):
        name, _, parameters = part.partition(";")
        name = name.strip().lower()
        quality = _quality(parameters)
        if quality > _LEAST:
            place = order.index(name) if name in order else len(order)
            accepted.append((-round(quality, 5), place, name))
    accepted.sort(key=lambda coding: coding[:2])
    return [name for _, _, name in accepted]


def _quality(parameters: str) -> float:
    first = parameters.partition(";")[0].strip()
    if first[:2].lower() != "q=":
        return 1.0
    try:
        quality = float(first[2:])
    except ValueError:
        return 1.0
    return quality if 0 <= quality <= 1 else 1.0
