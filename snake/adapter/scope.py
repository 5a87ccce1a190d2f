"""Blocks: lines of directives, adapted one after another, with what they share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from snake.adapter.addresses import Bind
from snake.adapter.catalogue import Catalogue
from snake.adapter.directive import (
    AuthorityValue,
    ErrorRouteValue,
    LiteralValue,
    LogValue,
    MatcherArg,
    MatcherSet,
    RoutesValue,
    RouteValue,
    TLSValue,
    Value,
)
from snake.adapter.matchers import NamedMatchers, define, read_set, take_matcher
from snake.adapter.order import Order
from snake.adapter.origins import Origins
from snake.adapter.routes import Groups, Placed, Subroute, build_routes, sort_values
from snake.caddyfile.errors import CaddyfileWarning
from snake.caddyfile.manual import reading
from snake.caddyfile.segments import Segment, Token
from snake.config.http import Route
from snake.core.modules import Module
from snake.core.record import Record

T = TypeVar("T")


class Shared(Record):
    """What every block of one Caddyfile shares."""

    file: str
    options: dict[str, Any]
    catalogue: Catalogue
    order: Order
    groups: Groups
    origins: Origins
    warnings: list[CaddyfileWarning]
    """Grows with what is odd."""
    objects: dict[type[Any], Any]
    """What directives share, by type."""


class Results(Record):
    """What the lines of one block yield, by kind, in the order written."""

    routes: tuple[Placed, ...] = ()
    errors: tuple[ErrorRouteValue, ...] = ()
    logs: tuple[LogValue, ...] = ()
    binds: tuple[Bind, ...] = ()
    tls: tuple[TLSValue, ...] = ()
    authorities: tuple[AuthorityValue, ...] = ()
    invoked: tuple[Token, ...] = ()
    """The named routes that are invoked anywhere in the block."""


class Block:
    """A site, or a block in it: the `Scope` that its directives see."""

    def __init__(
        self,
        shared: Shared,
        files: Sequence[str],
        named: NamedMatchers,
        invoked: list[Token] | None = None,
    ) -> None:
        self.file = shared.file
        self.files = tuple(files)
        self.options = shared.options
        self.guests = shared.catalogue.guests
        self._shared = shared
        self._named = named
        self._invoked = [] if invoked is None else invoked

    @property
    def invoked(self) -> tuple[Token, ...]:
        """The named routes that are invoked here and in the blocks inside."""
        return tuple(self._invoked)

    def invoke(self, name: Token) -> None:
        """Take down that a named route is invoked here."""
        self._invoked.append(name)

    def shared(self, kind: type[T]) -> T:
        """Return the one object of this type in this Caddyfile."""
        objects = self._shared.objects
        if kind not in objects:
            objects[kind] = kind()
        return objects[kind]  # type: ignore[no-any-return]

    def warn(self, token: Token, message: str) -> None:
        """Warn of a word."""
        self._shared.warnings.append(CaddyfileWarning(token.file, token.line, "", message))

    def match(self, line: Segment) -> tuple[tuple[MatcherSet, ...], Segment]:
        """Take the matcher off the line, if its first argument is one."""
        return take_matcher(line, self._named)

    def matcher_set(self, lines: Sequence[Segment], name: str) -> MatcherSet:
        """Adapt lines that each begin with a matcher's name to one set."""
        return read_set(lines, name, self._shared.catalogue, self._shared.origins, self)

    def subroute(self, lines: Sequence[Segment]) -> Module:
        """Adapt the lines of a block, sorted."""
        return Subroute(routes=self.routes(lines))

    def literal_subroute(self, lines: Sequence[Segment]) -> Module:
        """Adapt the lines of a block in the order written."""
        values = self._inner_routes(lines, literal=True)
        return Subroute(routes=build_routes(values, self._shared.groups))

    def routes(self, lines: Sequence[Segment]) -> tuple[Route, ...]:
        """Adapt the lines of a block, sorted."""
        values = sort_values(self._inner_routes(lines), self._shared.order)
        return build_routes(values, self._shared.groups)

    def _inner_routes(self, lines: Sequence[Segment], *, literal: bool = False) -> Sequence[Placed]:
        """Adapt the lines of a block inside of this one, which knows our matchers and its own."""
        inner = Block(self._shared, self.files, dict(self._named), self._invoked)
        hint = "is the structure of the Caddyfile (nesting and braces) correct?"
        # In a block, Caddy drops braces with nothing in them before a directive sees them.
        lines = [line if line.block != () else Segment(line.words) for line in lines]
        return inner.results(lines, hint, nested=True, literal=literal).routes

    def results(
        self, lines: Sequence[Segment], hint: str, *, nested: bool = False, literal: bool = False
    ) -> Results:
        """Adapt all lines; `hint` goes with the error for an unknown directive."""
        shared = self._shared
        for line in lines:
            if line.name.startswith("@"):
                define(line, self._named, shared.catalogue, shared.origins, self)
        routes: list[Placed] = []
        others: defaultdict[type, list[Any]] = defaultdict(list)
        for line in lines:
            for value in self._values(line, hint) if not line.name.startswith("@") else ():
                match value:
                    case RouteValue() | LiteralValue():
                        routes.append(Placed(line, value))
                    case RoutesValue():
                        routes += self._placed(line, value)
                    case AuthorityValue() if nested and not literal:
                        message = f"{line.name}: only directly in a site it makes {value.name} a CA"
                        self.warn(line.words[0], message)
                        # It makes no route, yet none of its directive is sorted past it.
                        routes.append(Placed(line, LiteralValue(())))
                    case _ if nested:
                        line.fail(f"{line.name} can only stand directly in a site")
                    case _:
                        others[type(value)].append(value)
        return Results(
            routes=tuple(routes),
            errors=tuple(others[ErrorRouteValue]),
            logs=tuple(others[LogValue]),
            binds=tuple(others[Bind]),
            tls=tuple(others[TLSValue]),
            authorities=tuple(others[AuthorityValue]),
            invoked=self.invoked,
        )

    def _values(self, line: Segment, hint: str) -> Sequence[Value]:
        match: tuple[MatcherSet, ...] = ()
        rest = line
        directive = self._shared.catalogue.directive(line, hint)
        with reading(line, directive.parse):
            self._shared.order.place(directive)
            if directive.matcher is MatcherArg.OPTIONAL:
                match, rest = self.match(line)
            parsed = directive.parse(rest, self)
        if isinstance(parsed, Module):
            parsed = RouteValue((parsed,), match)
        given = parsed if isinstance(parsed, Sequence) else [parsed]
        values = [_matched(value, match) for value in given]
        self._shared.origins.add_values(values, line)
        return values

    def _placed(self, line: Segment, value: RoutesValue) -> list[Placed]:
        """Name the groups that several routes of one line have among themselves."""
        asked = [route.group for route in value.routes if route.group]
        names = {
            group: self._shared.groups.new()
            for group in dict.fromkeys(asked)
            if asked.count(group) > 1
        }
        return [
            Placed(line, replace(route, group=""), names.get(route.group, ""))
            for route in value.routes
        ]


def _matched(value: Value, match: tuple[MatcherSet, ...]) -> Value:
    """Put the line's matcher on the routes that have none of their own."""
    if isinstance(value, RouteValue):
        return replace(value, match=match) if match and not value.match else value
    if isinstance(value, RoutesValue):
        return RoutesValue(
            tuple(replace(route, match=route.match or match) for route in value.routes)
        )
    return value
