"""`POST /load` and `POST /adapt`: a whole configuration, as JSON or as an adapter reads it.

Source: https://caddyserver.com/docs/api#post-load.
"""

from __future__ import annotations

import logging
from http import HTTPStatus

from snake.admin.answer import JSON, METHOD_NOT_ALLOWED, Answer, APIError, Headers
from snake.admin.config import CLOSE, is_forced, origin, replacing
from snake.admin.endpoint import Endpoint
from snake.admin.gojson import encode, escaped, raw
from snake.admin.malformed import JSONError
from snake.admin.media_type import MediaTypeError, media_type
from snake.admin.request import Request
from snake.admin.running import Adapted, Running
from snake.core.errors import SnakeError
from snake.core.suggest import suggestion

logger = logging.getLogger("snake.admin.api")

UNCHANGED = "Snake-Unchanged"
"""The field of an answer that tells that the same runs already. Caddy has none."""


class Load:
    """Loads and adapts what clients send whole."""

    def __init__(self, running: Running) -> None:
        self._running = running

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Where it is sent to."""
        return Endpoint("/load", self.load), Endpoint("/adapt", self.adapt)

    async def load(self, request: Request) -> Answer:
        """Run a configuration in place of the one that runs."""
        body = await _posted(request)
        adapted = await self._adapted(request, body)
        force, source = is_forced(request), origin(request)
        try:
            if adapted is None:
                changed = await self._running.change(replacing(body), force=force, origin=source)
            else:
                changed = await self._running.load(adapted, force=force, origin=source)
        except APIError as error:
            raise _not_loaded(error.message) from None
        except SnakeError as error:
            raise _not_loaded(f"loading new config: {error}") from None
        logger.info("load complete")
        headers: Headers = CLOSE if changed else ((UNCHANGED, "true"),)
        warnings = _warnings(adapted) if adapted else []
        if not warnings:
            return Answer(headers=headers)
        # Go tells its type by looking at it, and takes JSON for text.
        headers = (("Content-Type", "text/plain; charset=utf-8"), *headers)
        return Answer(200, headers, encode({"warnings": warnings}) + b"\n")

    async def adapt(self, request: Request) -> Answer:
        """Answer with the JSON of a configuration, and run nothing."""
        body = await _posted(request)
        adapted = await self._adapted(request, body)
        told = b""
        if adapted is not None and (warnings := _warnings(adapted)):
            told = b'"warnings":' + encode(warnings) + b","
        try:
            result = raw(body if adapted is None else adapted.json)
        except JSONError as error:
            message = str(error).partition(", at offset")[0]
            message = f"json: error calling MarshalJSON for type json.RawMessage: {message}"
            raise APIError(HTTPStatus.INTERNAL_SERVER_ERROR, message) from None
        return Answer(200, JSON, b'{%b"result":%b}\n' % (told, escaped(result)))

    async def _adapted(self, request: Request, body: bytes) -> Adapted | None:
        """Adapt a body as its Content-Type says; `None` for what is JSON already."""
        kind = request.header("content-type")
        if not kind:
            return None
        try:
            name = media_type(kind)
        except MediaTypeError as error:
            raise _bad(f"invalid Content-Type: {error}") from None
        if name.endswith("/json"):
            return None
        _, slash, adapter = name.partition("/")
        if not slash:
            raise _bad("malformed Content-Type")
        if adapter not in self._running.adapters:
            near = suggestion(adapter, self._running.adapters)
            raise _bad(f"unrecognized config adapter '{adapter}'{near}")
        try:
            return await self._running.adapt(body, adapter)
        except SnakeError as error:
            raise _bad(f"adapting config using {adapter} adapter: {error}") from None


async def _posted(request: Request) -> bytes:
    if request.method != "POST":
        raise METHOD_NOT_ALLOWED
    return await request.body()


def _warnings(adapted: Adapted) -> list[dict[str, object]]:
    return [
        {"file": each.file, "line": each.line}
        | ({"directive": each.directive} if each.directive else {})
        | {"message": each.message}
        for each in adapted.warnings
    ]


def _not_loaded(message: str) -> APIError:
    return _bad(f"loading config: {message}")


def _bad(message: str) -> APIError:
    return APIError(HTTPStatus.BAD_REQUEST, message)
