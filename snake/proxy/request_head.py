"""The head of a request as an upstream gets it, written from what the proxy made of it.

Nothing is copied from the client's bytes: each line is made anew, from a name that is a token
and a value that cannot end the line (RFC 9112 §11.2), so that an upstream cannot
understand the request in another way than we did.
"""

from __future__ import annotations

from collections.abc import Iterable

from snake.proxy.contract import Field, Outgoing, UpstreamError
from snake.transport.names import TOKEN, canonical

_MOST_LINES = 1024
_LONGEST_KEPT = 256
_BAD = bytes([*range(9), *range(10, 32), 127])
"""Control characters, none of which may stand in a value but the tab (RFC 9110 §5.5)."""

_CHUNKED = (b"transfer-encoding", b"chunked")
_EMPTY = (b"content-length", b"0")
_EXPECT_BODY = frozenset({"POST", "PUT", "PATCH"})
"""Methods that say so when there is no body (RFC 9110 §8.6)."""
_UPGRADE = (b"connection", b"Upgrade")


class _Lines(dict[Field, bytes]):
    """From a field to its line: most fields of one client are the same in every request.

    Raises `UpstreamError` for what is no field.
    """

    def __missing__(self, field: Field) -> bytes:
        name, value = field
        if not TOKEN.fullmatch(name):
            raise UpstreamError(f"{name!r} is no header name")
        if value.translate(None, _BAD) != value:
            raise UpstreamError(f"the header {name.decode()} holds a control character")
        line = b"%b: %b\r\n" % (canonical(name), value)
        if len(line) <= _LONGEST_KEPT:
            if len(self) >= _MOST_LINES:
                self.clear()
            self[field] = line
        return line


_LINES = _Lines()


def request_head(outgoing: Outgoing, more: Iterable[Field] = ()) -> bytes:
    """Return the head of a request, with `more` fields at its end. Raises `UpstreamError`."""
    lines = _LINES
    method = outgoing.method.encode("ascii", "replace")
    if not TOKEN.fullmatch(method):
        raise UpstreamError(f"{outgoing.method!r} is no method")
    head = b"%b %b HTTP/1.1\r\n" % (method, outgoing.target)
    head += field_lines(outgoing.fields)
    content = outgoing.content
    if content is not None:
        length = content.length
        head += lines[_CHUNKED if length is None else (b"content-length", b"%d" % length)]
    elif outgoing.method in _EXPECT_BODY:
        head += lines[_EMPTY]
    if outgoing.upgrade:
        head += lines[_UPGRADE] + lines[b"upgrade", outgoing.upgrade]
    for field in more:
        head += lines[field]
    return head + b"\r\n"


def field_lines(fields: Iterable[Field]) -> bytes:
    """Return the lines of fields. Raises `UpstreamError` for what is none."""
    return b"".join([_LINES[field] for field in fields])
