"""PageFile: a file that is run as a template, with values of its own, for a page of a handler."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import TemplateSyntaxError

from snake.core.errors import SnakeError
from snake.core.thread import in_thread
from snake.http.errors import HandlerError
from snake.http.own_server import OwnServer
from snake.http.request import Request
from snake.http.response import Header
from snake.templates.engine import Engine
from snake.templates.folder import Folder
from snake.templates.rendering import Rendering
from snake.templates.views import ResponseHeader

_GO = re.compile(
    r"\{\{-?\s*(?:\.[A-Z]\w*|\$\w*|/\*|(?:range|if|with|else|define|template)\s+[^\s(|}]+|end\s*-?\}\})"
)
"""What is seen in templates of Go and hardly in those of Jinja."""


class PageFile:
    """A page of HTML. The file is read for each response, so a change is seen at once."""

    def __init__(self, file: str, root: Callable[[Request], str], server: OwnServer) -> None:
        """Compile the file, to see that it can be. Raises `SnakeError`."""
        self._path = Path(file)
        self._root = root
        self._server = server
        self._engine = Engine((), {})
        try:
            source = self._source()
            if found := _GO.search(source):
                line = source.count("\n", 0, found.start()) + 1
                raise SnakeError(f"{file}:{line}: {found[0]} is in the language of Go's templates")
            self._engine.code_now(source, file, escapes=True)
        except TemplateSyntaxError as error:
            raise SnakeError(f"{file}:{error.lineno}: {error.message}") from None
        except OSError as error:
            raise SnakeError(f"cannot read {file}: {error.strerror}") from None

    async def __call__(
        self, request: Request, values: Mapping[str, Any]
    ) -> tuple[list[Header], bytes]:
        """Return the fields that the template sets, and the page. Raises `HandlerError`."""
        try:
            source = await in_thread(self._source)
        except OSError as error:
            raise HandlerError(500, f"cannot read {self._path}: {error.strerror}") from error
        response = _Fields()
        folder = Folder(self._root(request))
        rendering = Rendering(
            self._engine, request, folder, ResponseHeader(response), self._server.app, escapes=True
        )
        rendering.give(values)
        page = await rendering.page(source, str(self._path))
        return response.headers, page.encode("utf-8", "replace")

    def _source(self) -> str:
        return self._path.read_text("utf-8", "surrogateescape")


class _Fields:
    def __init__(self) -> None:
        self.headers: list[Header] = []
