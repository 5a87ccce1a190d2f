"""Header operations: add, set, delete and replace fields of a request or a response.

The order is Caddy's, whatever order they are written in: delete everything
(`*`), add, set, delete, replace. They are compiled to one function over a list
of fields; names in it are in lower case.

Source: https://caddyserver.com/docs/json/apps/http/servers/routes/handle/headers/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import msgspec

from snake.core.regexp import RegexpError, compile_regexp, expand, replace_all
from snake.http.fields import compile_fields, field_value, name_filler
from snake.http.request import Request
from snake.http.response import Header
from snake.http.response_matcher import ResponseMatcher
from snake.http.template import Template

Edit = Callable[[list[Header], Request], list[Header]]
"""Returns the fields as they are after an operation; may return the list it was given."""

Fields = dict[str, tuple[str, ...] | None]


class Replacement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Replace text inside values: `search`, or what a regular expression finds."""

    search: str = ""
    search_regexp: str = ""
    replace: str = ""


class HeaderOps(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Operations on request headers. Names and values may have placeholders."""

    add: Fields = {}
    set: Fields = {}
    delete: tuple[str, ...] = ()
    """Names; a `*` at the start or the end stands for anything."""
    replace: dict[str, tuple[Replacement, ...]] = {}
    """By name; `*` is every field."""

    def compile(self) -> Edit:
        """Return all operations as one. Raises `RegexpError` for a pattern that is none."""
        edits = list(self._edits())
        if len(edits) == 1:
            return edits[0]

        def edit(fields: list[Header], request: Request) -> list[Header]:
            for each in edits:
                fields = each(fields, request)
            return fields

        return edit

    def _edits(self) -> Iterator[Edit]:
        deleted = [Template(name) for name in self.delete]
        if any(name.constant in ("*", None) for name in deleted):
            yield _delete_all(deleted)
        if self.add:
            yield _add(self.add)
        if self.set:
            yield _set(self.set)
        if self.delete:
            yield _delete(deleted)
        for name, replacements in self.replace.items():
            for replacement in replacements:
                yield _replace(name, replacement)

    def concerns(self, name: str) -> bool:
        """Whether an operation that needs the field as it is might touch it."""
        names = [*self.add, *self.replace]
        return any("{" in each or each.lower() == name or "*" in each for each in names) or any(
            "{" in each or _wildcard(each.lower())(name) for each in self.delete
        )


class ResponseOps(HeaderOps, frozen=True):
    """Operations on response headers, at once or when the response starts."""

    require: ResponseMatcher | None = None
    """Only for the responses that match; which is known when they start."""
    deferred: bool = False


def _delete_all(names: list[Template]) -> Edit:
    def edit(fields: list[Header], request: Request) -> list[Header]:
        return [] if any(name.known(request) == "*" for name in names) else fields

    return edit


def _add(given: Fields) -> Edit:
    added = compile_fields(
        (name, value) for name, values in given.items() for value in values or ()
    )
    return lambda fields, request: fields + added(request)


def _set(given: Fields) -> Edit:
    # Several values of one name are one field (Caddy: `strings.Join`).
    to_set = compile_fields((name, ",".join(values or ())) for name, values in given.items())

    def edit(fields: list[Header], request: Request) -> list[Header]:
        new = to_set(request)
        if not fields:
            return new
        names = {name for name, _ in new}
        return [field for field in fields if field[0] not in names] + new

    return edit


def _delete(names: list[Template]) -> Edit:
    if all(name.constant is not None for name in names):
        gone = _gone([name.constant or "" for name in names])
        return lambda fields, _: [field for field in fields if not gone(field[0])]

    def edit(fields: list[Header], request: Request) -> list[Header]:
        gone = _gone([name.known(request) for name in names])
        return [field for field in fields if not gone(field[0])]

    return edit


def _gone(patterns: list[str]) -> Callable[[bytes], bool]:
    """Return whether a field of this name is deleted; `*` alone was dealt with before."""
    lower = [pattern.lower() for pattern in patterns if pattern != "*"]
    exact = {pattern.encode("utf-8", "surrogateescape") for pattern in lower if "*" not in pattern}
    wildcards = [_wildcard(pattern) for pattern in lower if "*" in pattern]
    if not wildcards:
        return exact.__contains__
    return lambda name: (
        name in exact or any(matches(name.decode("latin-1")) for matches in wildcards)
    )


def _wildcard(pattern: str) -> Callable[[str], bool]:
    starts, ends = pattern.startswith("*"), pattern.endswith("*")
    text = pattern[starts : len(pattern) - ends]
    if starts and ends:
        return lambda name: text in name
    if starts:
        return lambda name: name.endswith(text)
    if ends:
        return lambda name: name.startswith(text)
    return lambda name: name == text


def _replace(name: str, replacement: Replacement) -> Edit:
    every = name == "*"
    key = name_filler(name)
    change = _change(replacement)

    def edit(fields: list[Header], request: Request) -> list[Header]:
        wanted = key(request)
        return [
            (field, field_value(change(value.decode("utf-8", "surrogateescape"), request)))
            if every or field == wanted
            else (field, value)
            for field, value in fields
        ]

    return edit


def _change(replacement: Replacement) -> Callable[[str, Request], str]:
    """Compile what happens to one value."""
    replace = Template(replacement.replace).known
    if not replacement.search_regexp:
        search = Template(replacement.search).known
        return lambda value, request: value.replace(search(request), replace(request))
    pattern = Template(replacement.search_regexp)
    if pattern.constant is not None:
        # As written: a brace after a backslash is the pattern's own.
        regexp = compile_regexp(replacement.search_regexp)
        return lambda value, request: replace_all(regexp, expand(replace(request)), value)

    def change(value: str, request: Request) -> str:
        try:
            regexp = _compiled(pattern.known(request))
        except RegexpError:
            return value
        return replace_all(regexp, expand(replace(request)), value)

    return change


_compiled = lru_cache(maxsize=256)(compile_regexp)
"""Patterns made from requests: kept, since most requests make the same few."""
