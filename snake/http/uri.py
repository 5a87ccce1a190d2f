"""The path of a URI: encoded and decoded together, as rewrites change it.

A path is changed in its encoded form, so that `%2F` stays what the client sent.
Its decoded form follows. An encoding that is no URI path (RFC 3986 section 3.3)
is made anew from the decoded form.

Source: `EscapedPath` of Go's net/url, and Caddy's rewrite handler.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus, unquote_to_bytes

from snake.http.paths import clean, escape_path, is_encoded
from snake.http.request import Request

_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNIT = re.compile(rb"%[0-9A-Fa-f]{2}|.", re.DOTALL)


def to_bytes(text: str) -> bytes:
    """Encode text as UTF-8, with the bytes that were none as they came."""
    return text.encode("utf-8", "surrogateescape")


def escape_segments(path: str) -> str:
    """Percent-encode a file's path, slashes apart, so that it is a path and nothing more."""
    return quote(to_bytes(path), safe="$&+/:=@")


def escape_query(text: str) -> str:
    """Percent-encode one key or value of a query; a space becomes `+`."""
    return quote_plus(to_bytes(text), safe="")


def unescape(text: str, *, plus: bool = False) -> str | None:
    """Undo percent-encoding; `None` for a text that is wrongly encoded."""
    if _BAD_PERCENT.search(text):
        return None
    if plus:
        text = text.replace("+", " ")
    return unquote_to_bytes(to_bytes(text)).decode("utf-8", "surrogateescape")


def escaped_path(request: Request) -> str:
    """Return the path in a valid encoding: the client's own if it is one."""
    return valid_path(request.raw_path, request.path)


def valid_path(raw_path: bytes, path: str) -> str:
    """Return a path in a valid encoding, from how it was encoded and decoded."""
    return raw_path.decode("ascii") if is_encoded(raw_path) else escape_path(path)


def change_path(request: Request, change: Callable[[str], str]) -> None:
    """Change the encoded path, and the decoded one with it."""
    raw = change(escaped_path(request))
    path = unescape(raw) or change(request.path) or "/"
    if not is_encoded(to_bytes(raw)) or unescape(raw) != path:
        raw = escape_path(path)
    request.set_path(raw.encode("ascii"), path)


def trim_path(request: Request, trim: Callable[[str], str | None], *, merge: bool) -> str:
    """Change the encoded path, once it is clean, to what `trim` leaves of it; return what it took.

    What is left begins with a slash, and has no dot segments that were encoded
    before. `trim` returns `None` for a path that stays. With `merge`, slashes
    beside each other are one.
    """
    whole = clean(escaped_path(request), collapse_slashes=merge)
    rest = trim(whole)
    if rest is None:
        change_path(request, lambda path: clean(path, collapse_slashes=merge))
        return ""
    removed = whole.removesuffix(rest)
    if rest == "*":  # which is no path in Go, and so is encoded once it is one
        rest = "%2A"
    raw, path = _rooted(rest), clean(_rooted(unescape(rest) or ""), collapse_slashes=False)
    request.set_path((raw if unescape(raw) == path else escape_path(path)).encode("ascii"), path)
    return removed


def _rooted(path: str) -> str:
    return path if path.startswith("/") else f"/{path}"


def trim_prefix(escaped: str, prefix: str) -> str | None:
    """Take `prefix` off an encoded path; `None` if the path does not begin with it.

    Compared decoded and without regard to case, as paths are matched; but what
    the prefix writes as `%xx` must be just that in the path.
    """
    path, wanted = _units(escaped), _units(prefix)
    if not _same(path[: len(wanted)], wanted):
        return None
    return b"".join(path[len(wanted) :]).decode("ascii")


def trim_suffix(escaped: str, suffix: str) -> str | None:
    """Take `suffix` off the end of an encoded path, like `trim_prefix`."""
    path, wanted = _units(escaped), _units(suffix)
    end = len(path) - len(wanted)
    if end < 0 or not _same(path[end:], wanted):
        return None
    return b"".join(path[:end]).decode("ascii")


def _units(text: str) -> list[bytes]:
    return _UNIT.findall(to_bytes(text))


def _same(path: list[bytes], wanted: list[bytes]) -> bool:
    return len(path) == len(wanted) and all(
        have.lower() == want.lower() or (len(want) == 1 and _byte(have) == want.lower())
        for have, want in zip(path, wanted, strict=True)
    )


def _byte(unit: bytes) -> bytes:
    return (unquote_to_bytes(unit) if len(unit) > 1 else unit).lower()
