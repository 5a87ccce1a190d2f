"""url_pattern: match by a pattern of the URL Pattern standard.

Syntax::

    url_pattern <pattern> {
        base_url    <url>
        ignore_case
    }

A match sets `{http.url_pattern.<component>.<group>}`, as in
`{http.url_pattern.pathname.id}`; the components are `protocol`, `hostname`, `port`,
`pathname`, `search` and `hash`, and a group without a name has a number, from 0.

A pattern such as `/books/:id` is for every host, `https://example.com/books/:id` for one; so
is one with a `base_url`. Source: https://urlpattern.spec.whatwg.org/.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from snake.http.url_pattern import URLPatternError, compile_url_pattern
from snake.matchers._lines import each_line
from snake.plugin import (
    Context,
    Matcher,
    MatcherModule,
    MatcherSyntax,
    Scope,
    Segment,
    Shape,
    subdirectives,
)


class URLPattern(MatcherModule):
    """The JSON of `http.matchers.url_pattern`."""

    id = "http.matchers.url_pattern"
    call = Shape(1, 2)

    pattern: str = ""
    base_url: str = ""
    ignore_case: bool = False

    @classmethod
    def from_call(cls, arguments: Sequence[str], name: str) -> Self:
        """Take a pattern, and the URL that it is relative to."""
        del name
        pattern, *base_url = arguments
        return cls(pattern=pattern, base_url="".join(base_url))

    async def provision(self, ctx: Context) -> Matcher:
        """Compile the pattern."""
        try:
            return compile_url_pattern(self.pattern, self.base_url, ignore_case=self.ignore_case)
        except URLPatternError as error:
            raise ctx.fail(str(error)) from None


def parse(lines: Sequence[Segment], name: str, scope: Scope) -> URLPattern:
    """Read `url_pattern` lines; the last of each thing counts."""
    del name, scope
    pattern = base_url = ""
    ignore_case = False
    for line in each_line(lines):
        pattern = line.take("exactly one URL pattern").text
        for sub in subdirectives(line.block(), ("base_url", "ignore_case")):
            if sub.name == "base_url":
                base_url = sub.take("a URL").text
            else:
                sub.none()
                ignore_case = True
    return URLPattern(pattern=pattern, base_url=base_url, ignore_case=ignore_case)


matcher = MatcherSyntax("url_pattern", parse)
