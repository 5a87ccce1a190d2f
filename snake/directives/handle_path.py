"""handle_path: a `handle` for a path, which is taken off before what is inside runs.

Syntax::

    handle_path <path> {
        <directives...>
    }

`/api/*` and `/api*` both take off `/api`. The path begins with a slash and is the
only matcher. What was taken off is the `SCRIPT_NAME` (`root_path`) of a Python
app inside, so that the links it makes are right.
"""

from __future__ import annotations

import msgspec

from snake.directives.rewrite import Rewrite
from snake.plugin import Directive, MatcherArg, Route, RouteValue, Scope, Segment, to_json


def parse(line: Segment, scope: Scope) -> RouteValue:
    """Read a `handle_path` block."""
    path = line.arg()
    if not path.startswith("/"):
        line.args[0].fail(
            f"handle_path: the path must begin with a slash, got {path}",
            "for other matchers use handle with uri strip_prefix",
        )
    prefix = path.removesuffix("*")
    if prefix != path:
        prefix = prefix.removesuffix("/")
    strip = Route(handle=(to_json(Rewrite(strip_path_prefix=prefix), "handler"),))
    inner = scope.subroute(line.directives)
    routes = (strip, *msgspec.structs.asdict(inner)["routes"])
    match = msgspec.Raw(msgspec.json.encode([path]))
    return RouteValue(
        (msgspec.structs.replace(inner, routes=routes),), ({"path": match},), group="handle"
    )


directive = Directive("handle_path", parse, matcher=MatcherArg.OWN)
