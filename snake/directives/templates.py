"""templates: run responses as templates, with Go's syntax.

Syntax::

    templates [<matcher>] {
        mime    <types...>
        between <open> <close>
        root    <path>
    }

Responses of the types `text/html`, `text/plain` and `text/markdown` are templates, or
those of `mime`; what stands in `{{ }}` is run, or what stands `between` other marks. Files
that a template includes are looked for in `root`, or in that of the site.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from snake.core.suggest import suggestion
from snake.plugin import (
    Directive,
    HandlerModule,
    In,
    Scope,
    Segment,
    Words,
    to_json,
    unchecked,
    warn_of_rest,
)

FUNCTIONS = "http.handlers.templates.functions"
"""The namespace of modules that bring functions for templates; none ships with Caddy."""
SUBDIRECTIVES = ("mime", "between", "root", "extensions")


class Templates(HandlerModule):
    """The JSON of `http.handlers.templates`."""

    id = "http.handlers.templates"

    file_root: str = ""
    mime_types: tuple[str, ...] = ()
    delimiters: tuple[str, ...] = ()
    match: dict[str, Annotated[msgspec.Raw, In(FUNCTIONS)]] = {}
    """Extensions; the name of the field is Caddy's."""


def parse(line: Segment, scope: Scope) -> Templates:
    """Read a `templates` line. It passes over what it does not know, as Caddy does."""
    fields: dict[str, Any] = {}
    words = Words(line)
    for sub in unchecked(words.block()):
        match sub.name:
            case "mime":
                fields["mime_types"] = [word.text for word in sub.some("the types of templates")]
            case "between":
                marks = sub.exactly(2, "an opening and a closing mark")
                fields["delimiters"] = [word.text for word in marks]
            case "root":
                fields["file_root"] = sub.take("a folder").text
            case "extensions":
                sub.none()
                fields.setdefault("match", {}).update(_extensions(sub, scope))
            case name if name not in ("{", "}"):
                hint = suggestion(name, SUBDIRECTIVES)
                scope.warn(sub.token, f"templates: {name} is no subdirective, and ignored{hint}")
    warn_of_rest(words, scope)
    return msgspec.convert(fields, Templates)


def _extensions(words: Words, scope: Scope) -> Iterator[tuple[str, msgspec.Raw]]:
    for inner in words.block().lines:
        yield inner.name, to_json(scope.guests.read(inner, FUNCTIONS))


directive = Directive("templates", parse)
