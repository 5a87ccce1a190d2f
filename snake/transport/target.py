"""The target of a request and the host it is for: RFC 9112 §3.2, RFC 3986 §3.2."""

from __future__ import annotations

import re

from snake.transport.refusal import RefusedError

_HOST = re.compile(
    rb"(?:\[[0-9A-Fa-f:.]+(?:%25[A-Za-z0-9._~-]+)?\]|[A-Za-z0-9._~!$&'()*+;=%-]+)(?::([0-9]{0,5}))?"
)
"""uri-host and port; without the comma, by which two hosts could look like one."""
_ABSOLUTE = re.compile(rb"(?:https?)://([^/?#]*)([^#]*)", re.IGNORECASE)
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_HIGH = re.compile(rb"[\x80-\xff]")
_HIGHEST_PORT = 65535


def check_host(host: bytes) -> None:
    """Refuse what is no host with an optional port. Raises `RefusedError`."""
    if not host:
        raise RefusedError(400, bare=True)
    match = _HOST.fullmatch(host)
    if match is None or int(match[1] or 0) > _HIGHEST_PORT:
        raise RefusedError(400, "malformed Host header")


def check_path(raw_path: bytes) -> None:
    """Refuse a `%` that begins no escape, as Go's URL parser does. Raises `RefusedError`."""
    if _BAD_ESCAPE.search(raw_path):
        raise RefusedError(400)


def quote_path(target: bytes) -> bytes:
    """Percent-encode the bytes above 127 that clients send raw in the path.

    Raises `RefusedError` where they stand in a host.
    """
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is not None and _HIGH.search(absolute[1]):
        raise RefusedError(400)
    path, mark, query = target.partition(b"?")
    return _HIGH.sub(lambda match: b"%%%02X" % match[0][0], path) + mark + query


def origin_form(method: bytes, target: bytes) -> tuple[bytes, bytes]:
    """Return authority and origin-form of a target that does not begin with a slash.

    The authority is empty when the target has none. `*` stays as it is, for OPTIONS alone.
    Raises `RefusedError`.
    """
    if target == b"*" and method == b"OPTIONS":
        return b"", target
    match = _ABSOLUTE.fullmatch(target)
    if match is None:
        raise RefusedError(400)
    authority, rest = match.groups()
    try:
        check_host(authority)
    except RefusedError:
        raise RefusedError(400) from None
    if b"%" in authority and not authority.startswith(b"["):  # as Go's URL parser has it
        raise RefusedError(400)
    return authority, rest if rest.startswith(b"/") else b"/" + rest
