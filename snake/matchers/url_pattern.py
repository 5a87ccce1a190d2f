"""url_pattern: match by a pattern of the URL Pattern standard.

Syntax::

    url_pattern <pattern> {
        base_url    <url>
        ignore_case
    }

A pattern such as `/books/:id` is for every host, `https://example.com/books/:id` for one; so
is one with a `base_url`. Source: https://urlpattern.spec.whatwg.org/.
"""

from __future__ import annotations

from collections.abc import Sequence

from snake.matchers._lines import each_line
from snake.plugin import MatcherModule, MatcherSyntax, Scope, Segment, subdirectives


class URLPattern(MatcherModule):
    """The JSON of `http.matchers.url_pattern`."""

    id = "http.matchers.url_pattern"

    pattern: str = ""
    base_url: str = ""
    ignore_case: bool = False


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
