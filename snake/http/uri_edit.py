"""Edits of a request's URI, each compiled to a function over the request.

Source: https://caddyserver.com/docs/json/apps/http/servers/routes/handle/rewrite/.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from snake.core.regexp import compile_regexp, expand, replace_all
from snake.http.paths import clean, escape_path
from snake.http.query import compile_query, set_query
from snake.http.request import Request
from snake.http.template import Template, transformed
from snake.http.uri import (
    change_path,
    escape_segments,
    escaped_path,
    trim_path,
    trim_prefix,
    trim_suffix,
    unescape,
)

Edit = Callable[[Request], None]

_PLAIN = re.compile(rb"(?:/[-_~!$&'()*+,;=:@0-9A-Za-z][-._~!$&'()*+,;=:@0-9A-Za-z]*)*/?")
"""A path without encoding, dot segments and doubled slashes."""


def set_uri(text: str) -> Edit:
    """Compile a target: a path, a query after `?`, or both; a fragment is dropped.

    A path that gets a `?` from a placeholder (`{uri}`) has a query by that, unless
    the target has its own. Braces in it are data by then, and are encoded, so
    that no client can name a placeholder.
    """
    before, given, query_text = text.partition("#")[0].partition("?")
    target = _target(before)
    query = compile_query(query_text)

    def edit(request: Request) -> None:
        raw_path, path, injected = target(request)
        new_query = query(request) if query_text else _literal_query(injected or "")
        if before:
            request.set_path(raw_path, path)
            request.prefix = ""
        if given or injected is not None:
            set_query(request, new_query)

    return edit


Target = tuple[bytes, str, str | None]
"""A path, encoded and decoded, and the query that came with a placeholder."""


def _target(text: str) -> Callable[[Request], Target]:
    constant = Template(text).constant
    if constant is not None:
        fixed = _parts(constant)
        return lambda _: fixed
    path = transformed(text, _in_path)
    return lambda request: _parts(path(request))


def _parts(text: str) -> Target:
    encoded, found, injected = text.partition("#")[0].partition("?")
    decoded = unescape(encoded)
    path = (encoded if decoded is None else decoded) or "/"
    return escape_path(path).encode("ascii"), path, injected if found else None


def _in_path(request: Request, name: str, value: str) -> str:
    """Encode what is a path, so that its `?` and `%` are no URI syntax."""
    if name == "http.request.uri.path":
        return escaped_path(request)
    return escape_segments(value) if name == "http.matchers.file.relative" else value


def _literal_query(query: str) -> str:
    braces = query.replace("{", "%7B").replace("}", "%7D")
    return "&".join(pair for pair in braces.split("&") if pair)


def strip_prefix(text: str) -> Edit:
    """Compile the removal of a path prefix; what was removed is added to `request.prefix`."""
    template = Template(text)
    fill = template.all
    plain = (template.constant or "").lower().encode("utf-8", "surrogateescape")
    if not _PLAIN.fullmatch(plain):
        plain = b""

    def edit(request: Request) -> None:
        if plain and _PLAIN.fullmatch(request.raw_path) and _strip_plain(request, plain):
            return
        prefix = fill(request)
        prefix = prefix if prefix.startswith("/") else f"/{prefix}"
        merge = "//" not in prefix
        removed = trim_path(request, lambda path: trim_prefix(path, prefix), merge=merge)
        request.prefix += (unescape(removed) or "").rstrip("/")

    return edit


def _strip_plain(request: Request, prefix: bytes) -> bool:
    """Take a prefix off a path that says the same encoded, decoded and cleaned: most paths.

    Returns whether it could: what is left of a segment may be a dot.
    """
    raw, end = request.raw_path, len(prefix)
    if raw[:end].lower() != prefix:
        return True
    if raw[end : end + 1] not in (b"/", b"") and not prefix.endswith(b"/"):
        return False
    request.prefix += raw[:end].decode("ascii").rstrip("/")
    rest = b"/" + raw[end:].removeprefix(b"/")
    request.set_path(rest, rest.decode("ascii"))
    return True


def strip_suffix(text: str) -> Edit:
    """Compile the removal of a path suffix."""
    fill = Template(text).all

    def edit(request: Request) -> None:
        suffix = fill(request)
        trim_path(request, lambda path: trim_suffix(path, suffix), merge="//" not in suffix)

    return edit


class Substring(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Replace a text in the path and in the query, `limit` times in each."""

    find: str = ""
    replace: str = ""
    limit: int = 0
    """0 and less is no limit."""

    def compile(self) -> Edit:
        """Return the replacement; without a text to find it does nothing."""
        find_in, replace_in = Template(self.find).all, Template(self.replace).all
        limit = self.limit if self.limit > 0 else -1
        merge = "//" not in self.find

        def edit(request: Request) -> None:
            find, new = find_in(request), replace_in(request)
            change_path(
                request, lambda path: clean(path, collapse_slashes=merge).replace(find, new, limit)
            )
            query = request.query.decode("utf-8", "surrogateescape")
            if query or not find:
                set_query(request, query.replace(find, new, limit))

        return edit if self.find else _nothing


class PathReplacement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Replace what a regular expression finds in the path; `$1` is its first group."""

    find: str = ""
    replace: str = ""

    def compile(self) -> Edit:
        """Return the replacement. Raises `RegexpError`."""
        regexp = compile_regexp(self.find)
        fill = Template(self.replace).all

        def edit(request: Request) -> None:
            expansion = expand(fill(request))
            change_path(request, lambda path: replace_all(regexp, expansion, path))

        return edit


def _nothing(_: Request) -> None:
    pass
