"""URLs, with the strictness of Go's `url.Parse`."""

from __future__ import annotations

import re

from msgspec.structs import replace

from snake.core.errors import SnakeError
from snake.core.record import Record

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_PORT = re.compile(r"(?::[0-9]*)?")
_NOT_IN_HOST = re.compile(r"[^A-Za-z0-9\-_.~!$&'()*+,;=:\[\]<>\"\x80-\U0010ffff]")
_NOT_IN_USER = re.compile(r"[^A-Za-z0-9\-._:~!$&'()*+,;=%@]")


class URLError(SnakeError):
    """Text that is no URL."""


class URL(Record):
    """The parts of a URL, as far as anyone asks for them; what is not there is empty."""

    scheme: str = ""
    host: str = ""
    """The host as it is dialled: an IPv6 address has no brackets."""
    port: str = ""
    path: str = ""
    query: str = ""
    fragment: str = ""


def parse_url(text: str) -> URL:
    """Split a URL into its parts. Raises `URLError`."""
    whole, _, fragment = text.partition("#")
    if _CONTROL.search(whole):
        raise URLError("invalid control character in URL")
    _check_escapes(fragment)
    if whole == "*":
        return URL(path=whole, fragment=fragment)
    return replace(_without_fragment(whole), fragment=fragment)


def _without_fragment(text: str) -> URL:
    if text.startswith(":"):
        raise URLError("missing protocol scheme")
    match = _SCHEME.fullmatch(text)
    scheme, rest = (match[1].lower(), match[2]) if match else ("", text)
    rest, _, query = rest.partition("?")
    if not rest.startswith("/"):
        if scheme:
            return URL(scheme, query=query)
        if ":" in rest.partition("/")[0]:
            raise URLError("first path segment in URL cannot contain colon")
    host = port = ""
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        host, port = _authority(authority)
        rest = slash + path
    _check_escapes(rest)
    return URL(scheme, host, port, rest, query)


def _authority(text: str) -> tuple[str, str]:
    user, at, host = text.rpartition("@")
    if at and _NOT_IN_USER.search(user):
        raise URLError("invalid userinfo")
    _check_escapes(user)
    if "[" in host[1:]:
        raise URLError("invalid IP-literal")
    if host.startswith("["):
        return _literal(host)
    name, colon, port = host.partition(":")
    _check_port(colon + port)
    return _unescaped(name), port


def _literal(text: str) -> tuple[str, str]:
    """Read an address in brackets, and the port after it."""
    import ipaddress  # noqa: PLC0415  (few URLs need it)

    inside, bracket, port = text[1:].rpartition("]")
    if not bracket:
        raise URLError("missing ']' in host")
    _check_port(port)
    address, mark, zone = inside.partition("%25")
    _check_escapes(zone)
    name = _unescaped(address) + (mark and f"%{_decoded(zone)}")
    try:
        if ipaddress.ip_address(name).version != 6:  # noqa: PLR2004
            raise URLError("invalid IP-literal")
    except ValueError:
        raise URLError(f'invalid host: "{name}" is no IP address') from None
    return name, port.removeprefix(":")


def _check_port(text: str) -> None:
    if not _PORT.fullmatch(text):
        raise URLError(f'invalid port "{text}" after host')


def _check_escapes(text: str) -> None:
    if bad := _BAD_ESCAPE.search(text):
        raise URLError(f'invalid URL escape "{text[bad.start() : bad.start() + 3]}"')


def _unescaped(host: str) -> str:
    """Decode a host, in which only what is not ASCII may be escaped."""
    _check_escapes(host)
    for escape in _ESCAPE.findall(host):
        if escape < "%8" and escape != "%25":
            raise URLError(f'invalid URL escape "{escape}"')
    if wrong := _NOT_IN_HOST.search(_ESCAPE.sub("", host)):
        raise URLError(f'invalid character "{wrong[0]}" in host name')
    return _decoded(host)


def _decoded(text: str) -> str:
    from urllib.parse import unquote_to_bytes  # noqa: PLC0415  (few URLs need it)

    if "%" not in text:
        return text
    return unquote_to_bytes(text).decode("utf-8", "replace")
