"""The syntax of response handlers, for the directives that take them.

`@name status 5xx`, `replace_status [@name] <status>` and `handle_response [@name] { … }`.
"""

from __future__ import annotations

from collections.abc import Sequence

from snake.core.suggest import suggestion
from snake.http.response_handler import ResponseHandler
from snake.http.response_matcher import ResponseMatcher
from snake.http.status import status_json
from snake.matchers._response import read_response_match
from snake.plugin import Reader, Scope, Segment, Token, Words


class ResponseHandlers:
    """Collects the response handlers of one directive."""

    def __init__(self, scope: Scope, handlers: Sequence[ResponseHandler] = ()) -> None:
        self._scope = scope
        self._handlers = list(handlers)
        self._matchers: dict[str, ResponseMatcher] = {}
        self._later: list[Segment] = []

    def readers(self) -> dict[str, Reader]:
        """Return what reads the subdirectives on responses."""
        return {
            "@": self._define,
            "replace_status": self._replace_status,
            "handle_response": lambda words: self._later.append(words.rest()),
        }

    def all(self) -> list[ResponseHandler]:
        """Return the handlers, those that match every response last.

        Only now are the blocks adapted, which may name a matcher that comes after them.
        """
        handlers = [*self._handlers, *map(self._routes, self._later)]
        return sorted(handlers, key=lambda handler: handler.match is None)

    def _define(self, words: Words) -> None:
        name, line = words.token, words.rest()
        if name.text in self._matchers:
            name.fail(f"matcher is defined more than once: {name}")
        self._matchers[name.text] = read_response_match(line)

    def _replace_status(self, words: Words) -> None:
        given = words.all()
        if len(given) not in (1, 2):
            words.token.fail(
                "replace_status must have one or two arguments: "
                f"an optional response matcher, and a status code; got {len(given)}"
            )
        if words.block().lines:
            words.token.fail(
                "cannot define routes for 'replace_status', use 'handle_response' instead."
            )
        match = self._matcher(given[0]) if len(given) > 1 else None
        status = status_json(given[-1].text)
        self._handlers.append(ResponseHandler(match=match, status_code=status))

    def _routes(self, line: Segment) -> ResponseHandler:
        if len(line.args) > 1:
            line.args[1].fail(
                "too many arguments for 'handle_response': "
                f"only a single response matcher name is allowed, but got: {line.args[1]}"
            )
        match = self._matcher(line.args[0]) if line.args else None
        return ResponseHandler(match=match, routes=self._scope.routes(line.lines))

    def _matcher(self, name: Token) -> ResponseMatcher:
        if not name.text.startswith("@"):
            name.fail("must use a named response matcher, starting with '@'")
        if name.text not in self._matchers:
            name.fail(
                f"no named response matcher defined with name '{name.text[1:]}'"
                f"{suggestion(name.text, self._matchers)}"
            )
        return self._matchers[name.text]
