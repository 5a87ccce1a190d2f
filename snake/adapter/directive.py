"""What a directive is to the adapter, and the kinds of value that it may yield.

A directive reads one `Segment` and returns values; the adapter sorts, groups
and nests them into routes and servers. A directive that is one handler returns
that handler's module and is done; the adapter takes the matcher off the line
before, and puts it on the route after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any, Protocol, TypeVar

import msgspec

from snake.adapter.addresses import Bind
from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment, Token
from snake.config.http import Route
from snake.config.logging import Log
from snake.config.tls import ConnectionPolicy
from snake.core.modules import Module
from snake.core.record import Record

T = TypeVar("T")

MatcherSet = dict[str, msgspec.Raw]
"""Matchers by name; all must match."""


class MatcherArg(Enum):
    """Whether the first argument of a directive may be a request matcher."""

    OPTIONAL = auto()
    """`*`, `/path…` or `@name` as first argument is the matcher, and taken off the line."""
    NONE = auto()
    """The directive takes no matcher: `log`, `handle_errors`, `try_files`."""
    OWN = auto()
    """The directive reads its matcher itself, with `scope.match`: `root`, `handle_path`."""


class RouteValue(Record):
    """One route. `match` holds the sets, any of which must match; none matches everything.

    `group` asks for mutual exclusion with the other routes of that name in the
    block ("handle", "root", "rewrite"); the adapter gives it its final name.
    """

    handlers: tuple[Module, ...]
    match: tuple[MatcherSet, ...] = ()
    group: str = ""
    terminal: bool = False


class RoutesValue(Record):
    """Several routes of one line, as `try_files` with queries makes.

    Of those that have the same `group`, only the first that matches runs; the
    group is theirs alone.
    """

    routes: tuple[RouteValue, ...]


class LiteralValue(Record):
    """Routes of one line that stay together, in their order, as those of `php_fastcgi` do."""

    routes: tuple[Route, ...]


class ErrorRouteValue(Record):
    """Routes for the server's `errors`; `match` has the codes."""

    routes: tuple[Route, ...]
    match: tuple[MatcherSet, ...] = ()


class LogValue(Record):
    """One `log` directive: a log of its own, or the default one."""

    name: str
    """The logger's name; empty for one that the adapter numbers (`log0`)."""
    log: Log | None
    """Its settings; `None` when the directive has none."""
    hostnames: tuple[str, ...] = ()
    no_hostname: bool = False


class Loaded(Record):
    """Certificates that one line loads: the name of the loader, and its list as JSON."""

    loader: str
    items: tuple[msgspec.Raw, ...]


class TLSValue(Record):
    """One `tls` line: how the site's connections are encrypted, and whence its certificates are."""

    token: Token
    """The word `tls`, for errors."""
    policy: ConnectionPolicy
    issuers: tuple[Module, ...] = ()
    managers: tuple[msgspec.Raw, ...] = ()
    loaded: tuple[Loaded, ...] = ()
    key_type: str = ""
    renewal_window_ratio: float = 0
    on_demand: bool = False
    force_automate: bool = False
    reuse_private_keys: bool = False


class AuthorityValue(Record):
    """A certificate authority that a directive uses, which exists therefore."""

    name: str


Value = (
    RouteValue
    | RoutesValue
    | LiteralValue
    | ErrorRouteValue
    | LogValue
    | Bind
    | TLSValue
    | AuthorityValue
)


class Scope(Protocol):
    """Where a directive stands: its site's named matchers, and the options of the whole file."""

    file: str
    """The Caddyfile's name as given on the command line."""
    files: tuple[str, ...]
    """The files that the lines of the site were written in, imported ones too."""
    options: dict[str, Any]
    """Global options by name, as their files parsed them."""
    guests: Guests
    """Reads the modules that stand inside of a directive."""

    def shared(self, kind: type[T]) -> T:
        """Return the one object of this type in this Caddyfile, made when first asked for.

        What the lines of several sites have in common lives in it.
        """
        ...

    def warn(self, token: Token, message: str) -> None:
        """Warn of a word that is allowed, and old or odd."""
        ...

    def match(self, line: Segment) -> tuple[tuple[MatcherSet, ...], Segment]:
        """Take the matcher off the line, if its first argument is one.

        Returns the matcher sets (none for no matcher or `*`) and the line without it.
        Raises `CaddyfileError` for an unknown `@name`.
        """
        ...

    def matcher_set(self, lines: Sequence[Segment], name: str) -> MatcherSet:
        """Adapt lines that each begin with a matcher's name, as those of `not`, to one set.

        `name` is the name of the set that they are part of, without its `@`.
        """
        ...

    def invoke(self, name: Token) -> None:
        """Take down that a named route is invoked here, so that the site's server gets it."""
        ...

    def subroute(self, lines: Sequence[Segment]) -> Module:
        """Adapt the lines of a block, sorted, to an `http.handlers.subroute`."""
        ...

    def literal_subroute(self, lines: Sequence[Segment]) -> Module:
        """Adapt the lines of a block in the order written, to an `http.handlers.subroute`."""
        ...

    def routes(self, lines: Sequence[Segment]) -> tuple[Route, ...]:
        """Adapt the lines of a block, sorted, to routes."""
        ...


Parsed = Module | Value | Sequence[Value]


class Directive(Record):
    """A word that may begin a line inside a site.

    `after` and `before` name a standard directive: where a plugin's directive
    stands in the order. A directive with neither must be placed by the `order`
    option or used inside `route`.
    """

    name: str
    parse: Callable[[Segment, Scope], Parsed]
    matcher: MatcherArg = MatcherArg.OPTIONAL
    after: str = ""
    before: str = ""


class MatcherSyntax(Record):
    """A word that may begin a line of a named matcher.

    `parse` gets every line of that matcher in the set, since their arguments
    add up, and the name of the set without its `@` (a default name for regexps).
    """

    name: str
    parse: Callable[[Sequence[Segment], str, Scope], Module]


class Option(Record):
    """A word that may begin a line of the global options.

    `parse` gets the line, the value of an earlier line of the same name (`None`
    for the first) and what reads guest modules, and returns the new value.
    """

    name: str
    parse: Callable[[Segment, Any, Guests], Any]
