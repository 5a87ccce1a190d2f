"""Response handlers: what happens to the responses that match, instead of sending them on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from snake.config.http import Route
from snake.config.struct import Config
from snake.core.modules import Context
from snake.core.record import Record
from snake.http.request import Request
from snake.http.response_matcher import ResponseMatch, ResponseMatcher
from snake.http.routes import Link, load_routes
from snake.http.status import Status, status_filler


class ResponseHandler(Config):
    """The JSON of one entry of `handle_response`: another status, or routes to run."""

    match: ResponseMatcher | None = None
    status_code: Status = ""
    routes: tuple[Route, ...] = ()


class Way(Record):
    """What happens to the responses that match: another status, or routes."""

    matches: ResponseMatch
    status: Callable[[Request], int] | None
    """Gives the status; `None` where routes are run. Raises `HandlerError` 500 for none."""
    routes: Link


async def load_ways(ctx: Context, handlers: Sequence[ResponseHandler]) -> list[Way]:
    """Provision the entries of `handle_response`; `ctx` is at that field."""
    ways = []
    for index, handler in enumerate(handlers):
        matches = (handler.match or ResponseMatcher()).compile()
        status = None if handler.status_code == "" else status_filler(handler.status_code)
        routes = await load_routes(ctx.at(index, "routes"), handler.routes)
        ways.append(Way(matches, status, routes))
    return ways
