"""templates: run responses as templates, in Jinja's language.

Syntax::

    templates [<matcher>] {
        mime    <types...>
        between <open> <close>
        root    <path>
    }

Responses of the types `text/html`, `text/plain` and `text/markdown` are templates, or
those of `mime`: what stands in `{{ }}` and `{% %}` is run, or what stands `between` other
marks. Files that a template includes are looked for in `root`, or in that of the site.

Caddy's templates are in Go's language, these are in that of Jinja: `{{ include("nav.html")
}}` is Caddy's `{{include "nav.html"}}`. Which functions there are, and how a template of
Caddy's becomes one of these, is in [templates.md](templates.md). In HTML, values are
escaped. A template that fails is a 500.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any

import msgspec

from snake.core.suggest import suggestion
from snake.http.own_server import OwnServer
from snake.http.roots import root_of
from snake.plugin import (
    Context,
    Directive,
    Handler,
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
MIME_TYPES = ("text/html", "text/plain", "text/markdown")
SUBDIRECTIVES = ("mime", "between", "root", "extensions")


class Templates(HandlerModule):
    """The JSON of `http.handlers.templates`."""

    id = "http.handlers.templates"

    file_root: str = ""
    mime_types: tuple[str, ...] = ()
    delimiters: tuple[str, ...] = ()
    match: dict[str, Annotated[msgspec.Raw, In(FUNCTIONS)]] = {}
    """Extensions; the name of the field is Caddy's."""

    async def provision(self, ctx: Context) -> Handler:
        """Load the extensions, and Jinja."""
        _check(ctx.at("delimiters"), self.delimiters)
        extensions: dict[str, Callable[..., Any]] = {}
        for name, raw in self.match.items():
            brought: Mapping[str, Callable[..., Any]] = await ctx.at("match", name).load_named(
                raw, f"{FUNCTIONS}.{name}"
            )
            extensions.update(brought)
        # Only here: to adapt a Caddyfile needs no Jinja.
        from snake.templates.engine import Engine  # noqa: PLC0415
        from snake.templates.response import Pages  # noqa: PLC0415

        return Pages(
            Engine(self.delimiters, extensions),
            root_of(self.file_root),
            self.mime_types or MIME_TYPES,
            ctx.service(OwnServer) or OwnServer(),
        )


def _check(ctx: Context, delimiters: Sequence[str]) -> None:
    if not delimiters:
        return
    if len(delimiters) != 2:  # noqa: PLR2004
        raise ctx.fail("there are two delimiters: an opening and a closing one")
    if delimiters[0] == delimiters[1]:
        raise ctx.fail("the opening and the closing delimiter are not the same")
    for index, mark in enumerate(delimiters):
        if not mark.strip() or any(char.isspace() for char in mark):
            raise ctx.at(index).fail("a delimiter is some characters without a space")


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
