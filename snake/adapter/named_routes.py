"""Named routes: what stands in `&(name) { … }`, and which servers get it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from snake.adapter.routes import Groups, Subroute
from snake.adapter.scope import Block, Shared
from snake.adapter.sites import NamedRoute
from snake.caddyfile.segments import Token
from snake.config.http import Route
from snake.core.modules import to_json
from snake.core.suggest import suggestion


class NamedRoutes:
    """The named routes of one Caddyfile. Their groups are numbered apart from those of sites."""

    def __init__(self, written: Sequence[NamedRoute], shared: Shared) -> None:
        self._routes: dict[str, Route] = {}
        self._invoked: dict[str, Sequence[Token]] = {}
        shared = replace(shared, groups=Groups())
        for each in written:
            if each.name.text in self._routes:
                each.name.fail(f"cannot have duplicate named_routes: {each.name}")
            self._add(each, Block(shared, each.files, {}))

    def _add(self, written: NamedRoute, block: Block) -> None:
        name = written.name
        routes = block.routes(written.lines)
        handle: tuple[msgspec.Raw, ...] = (to_json(Subroute(routes=routes), "handler"),)
        if len(routes) == 1 and not routes[0].match:
            handle = routes[0].handle[:1]
            if len(routes[0].handle) > 1:
                block.warn(
                    name,
                    f"of the named route {name} only the first directive runs, as in Caddy, "
                    "since none of them has a matcher; put them in a 'route' block",
                )
        self._routes[name.text] = Route(handle=handle)
        self._invoked[name.text] = block.invoked

    def of(self, invoked: Iterable[Token]) -> dict[str, Route]:
        """Return the routes that are invoked, and those that they invoke.

        Raises `CaddyfileError` for one that was not defined.
        """
        found: dict[str, Route] = {}
        waiting = list(invoked)
        while waiting:
            name = waiting.pop()
            if name.text in found:
                continue
            if name.text not in self._routes:
                hint = suggestion(name.text, self._routes)
                name.fail(f"cannot invoke named route '{name}', which was not defined{hint}")
            found[name.text] = self._routes[name.text]
            waiting += self._invoked[name.text]
        return found
