"""The query of a URI: made from a template, or changed key by key."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from snake.core.regexp import compile_regexp, expand, replace_all
from snake.http.parameters import Values, encode_query, parse_query
from snake.http.request import Request
from snake.http.template import Fill, Template, transformed
from snake.http.uri import escape_query, to_bytes

_UNSAFE = re.compile(rb"[\x00-\x20\x7f]")
_COMPONENT = re.compile(r"([^=&]*)([=&]|\Z)")


def compile_query(text: str) -> Fill:
    """Compile the query of a rewrite.

    Values are encoded, but `{query}` where a key may stand goes in as it is. An
    empty component takes its `&` with it, so `{query}&a=b` is right without a
    query too.
    """
    parts: list[tuple[bool, Fill]] = []
    key = True
    at = 0
    while at < len(text):
        found = _COMPONENT.match(text, at)
        assert found  # noqa: S101  # the pattern matches any text
        parts.append((key, transformed(found[1], _escaper(keep_query=key))))
        key = found[2] == "&"
        at = found.end()

    def fill(request: Request) -> str:
        query = ""
        for is_key, component in parts:
            written = component(request)
            separator = ("&" if query and written else "") if is_key else "="
            query += separator + written
        return query

    return fill


def _escaper(*, keep_query: bool) -> Callable[[Request, str, str], str]:
    def escape(request: Request, name: str, value: str) -> str:
        del request
        return value if keep_query and name == "http.request.uri.query" else escape_query(value)

    return escape


def set_query(request: Request, query: str) -> None:
    """Set the query; a byte that would end the URI is encoded."""
    raw = _UNSAFE.sub(lambda found: b"%%%02X" % found[0][0], to_bytes(query))
    request.set_query(raw)


class KeyValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A key of the query, and its value or its new name."""

    key: str = ""
    val: str = ""


class KeyReplacement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Replace text inside the values of a key; `*` is every key."""

    key: str = ""
    search: str = ""
    search_regexp: str = ""
    replace: str = ""


class QueryOps(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Operations on the query, in this order: rename, set, add, replace, delete."""

    rename: tuple[KeyValue, ...] = ()
    set: tuple[KeyValue, ...] = ()
    add: tuple[KeyValue, ...] = ()
    replace: tuple[KeyReplacement, ...] = ()
    delete: tuple[str, ...] = ()

    def compile(self) -> Callable[[Request], None]:
        """Return the operations as one. Raises `RegexpError`."""
        edits = [
            *(_edit(each, _rename) for each in self.rename),
            *(_edit(each, _set) for each in self.set),
            *(_edit(each, _add) for each in self.add),
            *(_replace(each) for each in self.replace),
            *(_edit(KeyValue(key=key), _delete) for key in self.delete),
        ]

        def change(request: Request) -> None:
            values = parse_query(request.query.decode("utf-8", "surrogateescape"))
            for edit in edits:
                edit(values, request)
            set_query(request, encode_query(values))

        return change


_Edit = Callable[[Values, Request], None]


def _edit(pair: KeyValue, change: Callable[[Values, str, str], None]) -> _Edit:
    """Compile one operation; without a key it does nothing."""
    key, val = Template(pair.key).all, Template(pair.val).all

    def edit(values: Values, request: Request) -> None:
        if name := key(request):
            change(values, name, val(request))

    return edit


def _rename(values: Values, key: str, new: str) -> None:
    if key in values and new and new != key:
        values[new] = values.pop(key)


def _set(values: Values, key: str, value: str) -> None:
    values[key] = [value]


def _add(values: Values, key: str, value: str) -> None:
    values.setdefault(key, []).append(value)


def _delete(values: Values, key: str, _: str) -> None:
    values.pop(key, None)


def _replace(replacement: KeyReplacement) -> _Edit:
    key = Template(replacement.key).all
    search, replace = Template(replacement.search).known, Template(replacement.replace).known
    regexp = compile_regexp(replacement.search_regexp) if replacement.search_regexp else None

    def edit(values: Values, request: Request) -> None:
        wanted, new = key(request), replace(request)
        for name in values:
            if wanted not in ("*", name):
                continue
            if regexp:
                values[name] = [replace_all(regexp, expand(new), each) for each in values[name]]
            else:
                values[name] = [each.replace(search(request), new) for each in values[name]]

    return edit
