"""rewrite: change the URI of the request, as if the client had asked for another.

Syntax::

    rewrite [<matcher>] <to>

A target with a path changes the path, one with `?` the query; what it leaves out
stays as it is, so `rewrite * /app?{query}&x=1` keeps the query and adds to it. Of
several rewrites only the first that matches counts. What follows sees the new
URI; `{orig_uri}` is what the client sent. A lone argument is the target, even if
it begins with a slash.

Unknown placeholders are empty. `{path}` goes into a path encoded; a value with a
`?`, such as `{uri}`, brings its query along, unless the target has one.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Iterator

from snake.core.regexp import RegexpError
from snake.http.query import QueryOps
from snake.http.uri_edit import (
    Edit,
    PathReplacement,
    Substring,
    set_uri,
    strip_prefix,
    strip_suffix,
)
from snake.plugin import (
    Context,
    Directive,
    Handler,
    HandlerModule,
    MatcherArg,
    MatcherSet,
    Next,
    Request,
    RouteValue,
    Scope,
    Segment,
    Send,
    Template,
    Words,
    warn_of_rest,
)

log = logging.getLogger("snake.http.handlers.rewrite")


class Rewrite(HandlerModule):
    """The JSON of `http.handlers.rewrite`; edits are made in the order of the fields."""

    id = "http.handlers.rewrite"

    method: str = ""
    uri: str = ""
    strip_path_prefix: str = ""
    strip_path_suffix: str = ""
    uri_substring: tuple[Substring, ...] = ()
    path_regexp: tuple[PathReplacement, ...] = ()
    query: QueryOps | None = None

    async def provision(self, ctx: Context) -> Handler:
        """Compile the edits."""
        edits = self.compile(ctx)

        def rewrite(request: Request, send: Send, next: Next) -> Awaitable[None]:
            if log.isEnabledFor(logging.DEBUG):
                _rewrite_and_log(request, edits)
            else:
                for edit in edits:
                    edit(request)
            return next(request, send)

        return rewrite

    def compile(self, ctx: Context) -> list[Edit]:
        """Return the edits. Raises `ConfigError` for a pattern that is none."""
        for index, replacement in enumerate(self.path_regexp):
            if not replacement.find:
                raise ctx.at("path_regexp", index).fail("path_regexp find cannot be empty")
        try:
            return list(self._edits())
        except RegexpError as error:
            raise ctx.fail(str(error)) from None

    def _edits(self) -> Iterator[Edit]:
        if self.method:
            yield _method(self.method)
        if self.uri:
            yield set_uri(self.uri)
        if self.strip_path_prefix:
            yield strip_prefix(self.strip_path_prefix)
        if self.strip_path_suffix:
            yield strip_suffix(self.strip_path_suffix)
        yield from (each.compile() for each in self.uri_substring)
        yield from (each.compile() for each in self.path_regexp)
        if self.query is not None:
            yield self.query.compile()


def _rewrite_and_log(request: Request, edits: list[Edit]) -> None:
    before = request.method, request.uri
    for edit in edits:
        edit(request)
    if before != (request.method, request.uri):
        fields = {"method": request.method, "uri": request.uri, "before": before[1]}
        log.debug("rewrote request", extra={"fields": fields})


def _method(text: str) -> Edit:
    fill = Template(text).all
    return lambda request: request.set_method(fill(request).upper())


def parse(line: Segment, scope: Scope) -> RouteValue:
    """Read a `rewrite` line."""
    if len(line.args) not in (1, 2):
        (line.args or line.words)[-1].fail("rewrite takes one URI, and a matcher before it perhaps")
    match: tuple[MatcherSet, ...] = ()
    if len(line.args) > 1:
        match, line = scope.match(line)
    words = Words(line)
    word = words.take()
    warn_of_rest(words, scope)
    return RouteValue((Rewrite(uri=word.text),), match, group="rewrite")


directive = Directive("rewrite", parse, matcher=MatcherArg.OWN)
