"""path: match by the path of the request, in any case.

Syntax::

    path <paths...>

A path matches as a whole; `/foo` is not `/foo/`. A `*` at the end makes it a
prefix, at the start a suffix, at both ends a part. Elsewhere it is a glob in
which `*` does not match a slash. The request's path is compared decoded, without
dot segments and doubled slashes. What is written with a `%` is compared with the
encoded path instead: `/a%2Fb` is not `/a/b`, and `%*` is a span left encoded.
"""

from __future__ import annotations

from collections.abc import Sequence

from snake.http.path_pattern import compile_pattern, compile_patterns
from snake.matchers._lines import all_words
from snake.plugin import (
    Context,
    Matcher,
    MatcherModule,
    MatcherSyntax,
    Request,
    Scope,
    Segment,
    Shape,
    Template,
)


class Path(MatcherModule):
    """The JSON of `http.matchers.path`: `["/api/*", "*.php"]`."""

    id = "http.matchers.path"
    bare = "paths"
    call = Shape()

    paths: tuple[str, ...] | None = None

    async def provision(self, ctx: Context) -> Matcher:
        """Compile the paths; those with placeholders are compiled as their values come."""
        del ctx
        templates = [Template(path.lower()) for path in (self.paths or ())]
        constant = compile_patterns(t.constant for t in templates if t.constant is not None)
        dynamic = [t.all for t in templates if t.constant is None]
        if not dynamic:
            return constant

        def match(request: Request) -> bool:
            return constant(request) or any(
                compile_pattern(fill(request))(request) for fill in dynamic
            )

        return match


def parse(lines: Sequence[Segment], name: str, scope: Scope) -> Path:
    """Read `path` lines; their paths add up."""
    del name, scope
    return Path(paths=all_words(lines) or None)


matcher = MatcherSyntax("path", parse)
