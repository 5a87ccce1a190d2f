"""host: match by the host of the request, in any case, its port left out.

Syntax::

    host <hosts...>

A `*` stands for exactly one label: `*.example.com` is `a.example.com` but not
`a.b.example.com`. Placeholders may be used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from snake.core.hostname import ascii_name
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


class Host(MatcherModule):
    """The JSON of `http.matchers.host`: `["example.com", "*.example.com"]`."""

    id = "http.matchers.host"
    bare = "hosts"
    call = Shape()

    hosts: tuple[str, ...] | None = None

    async def provision(self, ctx: Context) -> Matcher:
        """Sort the hosts into a set for the plain and one test for each of the others."""
        self._refuse_repeats(ctx)
        plain = frozenset(ascii_name(host) for host in (self.hosts or ()) if not _fuzzy(host))
        tests = [_test(host) for host in (self.hosts or ()) if _fuzzy(host)]
        if not tests:
            return lambda request: request.host in plain
        return lambda request: request.host in plain or any(test(request) for test in tests)

    def _refuse_repeats(self, ctx: Context) -> None:
        seen: dict[str, int] = {}
        for index, host in enumerate(self.hosts or ()):
            first = seen.setdefault(ascii_name(host), index)
            if first != index:
                raise ctx.fail(f"host at index {first} is repeated at index {index}: {host}")


def _fuzzy(host: str) -> bool:
    return "*" in host or "{" in host


def _test(host: str) -> Callable[[Request], bool]:
    template = Template(host)
    if template.constant is None:
        return lambda request: _like(template.all(request).lower(), request.host)
    pattern = ascii_name(template.constant)
    return lambda request: _like(pattern, request.host)


def _like(pattern: str, host: str) -> bool:
    if "*" not in pattern:
        return host == pattern
    wanted, labels = pattern.split("."), host.split(".")
    return len(wanted) == len(labels) and all(
        want in ("*", label) for want, label in zip(wanted, labels, strict=True)
    )


def parse(lines: Sequence[Segment], name: str, scope: Scope) -> Host:
    """Read `host` lines; their hosts add up."""
    del name, scope
    return Host(hosts=all_words(lines) or None)


matcher = MatcherSyntax("host", parse)
