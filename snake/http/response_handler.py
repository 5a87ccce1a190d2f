"""Response handlers: what happens to the responses that match, instead of sending them on."""

from __future__ import annotations

from snake.config.http import Route
from snake.config.struct import Config
from snake.http.response_matcher import ResponseMatcher
from snake.http.status import Status


class ResponseHandler(Config):
    """The JSON of one entry of `handle_response`: another status, or routes to run."""

    match: ResponseMatcher | None = None
    status_code: Status = ""
    routes: tuple[Route, ...] = ()
