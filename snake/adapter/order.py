"""The order of directives: what runs first, whatever the Caddyfile writes first."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from snake.adapter.directive import Directive
from snake.caddyfile.segments import Segment
from snake.core.errors import ConfigError
from snake.core.record import Record
from snake.core.suggest import suggestion

ORDER = (
    "tracing",
    # Variables that others use.
    "map",
    "vars",
    "fs",
    "root",
    "log_append",
    "skip_log",
    "log_skip",
    "log_name",
    # What wraps the response.
    "header",
    "copy_response_headers",
    "request_body",
    "timeouts",
    "redir",
    # What changes the request.
    "method",
    "rewrite",
    "uri",
    "try_files",
    "basicauth",
    "basic_auth",
    "forward_auth",
    "request_header",
    "encode",
    "push",
    "intercept",
    "templates",
    # What dispatches it.
    "invoke",
    "handle",
    "handle_path",
    "python",
    "route",
    # What answers it.
    "abort",
    "error",
    "copy_response",
    "respond",
    "metrics",
    "reverse_proxy",
    "php_fastcgi",
    "file_server",
    "acme_server",
)
"""Caddy's order, with `python` where Caddy Snake puts it.

Source: https://caddyserver.com/docs/caddyfile/directives#directive-order.
"""


class Move(Record):
    """One `order` option: puts a directive first, last, or before or after another."""

    line: Segment
    name: str
    where: str
    target: str = ""


class Order:
    """The order for one Caddyfile: the standard one, its plugins and its `order` options."""

    def __init__(self, moves: Sequence[Move], known: Collection[str]) -> None:
        self._names = list(ORDER)
        for move in moves:
            self._move(move, known)
        self._positions = {name: index for index, name in enumerate(self._names)}

    def position(self, name: str) -> int | None:
        """Return where a directive stands; `None` for one that has no place."""
        return self._positions.get(name)

    def place(self, directive: Directive) -> None:
        """Give a plugin's directive the place it asks for, unless an option has given one.

        Raises `ConfigError` when it asks for a place beside a directive that is not standard.
        """
        target = directive.after or directive.before
        if not target or directive.name in self._positions:
            return
        if target not in ORDER:
            raise ConfigError(
                f"directive {directive.name} wants to stand beside {target}, "
                "which is no standard directive"
            )
        index = self._names.index(target) + bool(directive.after)
        self._names.insert(index, directive.name)
        self._positions = {name: index for index, name in enumerate(self._names)}

    def _move(self, move: Move, known: Collection[str]) -> None:
        if move.name not in known:
            hint = suggestion(move.name, known)
            move.line.args[0].fail(f"{move.name} is not a registered directive{hint}")
        names = [name for name in self._names if name != move.name]
        match move.where:
            case "first":
                index = 0
            case "last":
                index = len(names)
            case _ if move.target not in names:
                hint = suggestion(move.target, names)
                move.line.args[2].fail(f"directive '{move.target}' not found{hint}")
            case where:
                index = names.index(move.target) + (where == "after")
        self._names = [*names[:index], move.name, *names[index:]]
