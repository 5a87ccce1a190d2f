"""Rendering: one response, run as a template, with all that it includes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, MutableMapping
from traceback import walk_tb
from typing import Any

from jinja2 import BaseLoader, Environment, Template, TemplateRuntimeError, TemplateSyntaxError
from markupsafe import Markup

from snake.http.errors import HandlerError
from snake.http.handler import ASGIApp
from snake.http.request import Request
from snake.templates import functions, subrequest
from snake.templates.engine import Engine
from snake.templates.folder import Folder
from snake.templates.limits import CALL, DEEPEST, check_size
from snake.templates.sandbox import Sandbox
from snake.templates.views import RequestView, ResponseHeader

log = logging.getLogger("snake.http.handlers.templates")


class Rendering:
    """What one response has in common with the files that it includes."""

    def __init__(  # noqa: PLR0913
        self,
        engine: Engine,
        request: Request,
        folder: Folder,
        header: ResponseHeader,
        app: ASGIApp | None,
        *,
        escapes: bool,
    ) -> None:
        self.engine = engine
        self.folder = folder
        self.escapes = escapes
        self.names: set[str] = set()
        """The templates that run: their lines are told in errors."""
        self._request = request
        self._app = app
        self._depth = 0
        self._sandbox: Sandbox = engine.sandbox(escapes=escapes)
        self._sandbox.loader = _Loader(self)
        self._sandbox.globals = {
            **self._sandbox.globals,
            **functions.of_request(request),
            "req": RequestView(request),
            "originalReq": RequestView(request, original=True),
            "respHeader": header,
            "args": [],
            "include": self.include,
            "readFile": folder.read,
            "listFiles": folder.names,
            "fileExists": folder.exists,
            "fileStat": folder.info,
            "httpInclude": self.http_include,
            "maybe": self.maybe,
        }

    def give(self, values: Mapping[str, Any]) -> None:
        """Let templates have more values."""
        self._sandbox.globals.update(values)

    async def page(self, source: str, name: str) -> str:
        """Return the response's text, run. Raises `HandlerError`."""
        try:
            return await self._render(source, name)
        except HandlerError:
            raise
        except Exception as error:
            raise HandlerError(500, self._told(error)) from error

    async def _render(self, source: str, name: str, args: tuple[Any, ...] = ()) -> str:
        if not self.engine.is_template(source):
            return source
        self.names.add(name)
        code = await self.engine.code(source, name, escapes=self.escapes)
        template = self.template(code, self._sandbox.globals)
        parts: list[str] = []
        size = 0
        async for part in template.generate_async(args=list(args)):
            size += len(part)
            check_size(size)
            parts.append(part)
        return "".join(parts)

    def template(self, code: Any, values: MutableMapping[str, Any]) -> Template:  # noqa: ANN401
        """Return compiled code as a template of this response alone.

        Jinja keeps what an imported template has set, so none is shared.
        """
        return Template.from_code(self._sandbox, code, values)

    async def include(self, name: str, *args: object) -> str:
        """Return a file run as a template, which finds the arguments in `args`."""
        source = self.folder.read(name)
        if self._depth >= DEEPEST:
            raise TemplateRuntimeError(f"include {name}: included too deeply")
        self._depth += 1
        try:
            return self._markup(await self._render(source, name, args))
        finally:
            self._depth -= 1

    async def http_include(self, uri: str) -> str:
        """Return the body that this server answers with to a GET of the URI."""
        if self._app is None:
            raise TemplateRuntimeError(f"httpInclude {uri}: there is no server to ask")
        return self._markup(await subrequest.include(self._app, self._request, uri))

    def maybe(self, name: str, *args: object) -> Any:  # noqa: ANN401
        """Call a function that a plugin brings, or do nothing without that plugin."""
        function: Callable[..., Any] | None = self.engine.extensions.get(name)
        if function is None:
            fields = {"name": name}
            log.warning("template function could not be found", extra={"fields": fields})
            return ""
        return function(*args)

    def spend(self) -> None:
        """Count a template that another one names."""
        self._sandbox.budget.take(CALL)

    def _markup(self, text: str) -> str:
        return Markup(text) if self.escapes else text  # noqa: S704  (it has been rendered)

    def _told(self, error: Exception) -> str:
        """Return what is logged: template, line and fault."""
        message = str(error) or type(error).__name__
        if isinstance(error, TemplateSyntaxError):
            return f"{error.name}:{error.lineno}: {error.message}"
        if isinstance(error, RecursionError | MemoryError):
            message = "the template is nested too deeply or too large"
        place = ""
        for frame, line in walk_tb(error.__traceback__):
            if frame.f_code.co_filename in self.names:
                place = f"{frame.f_code.co_filename}:{line}: "
        return f"{place}{message}"


class _Loader(BaseLoader):
    """Reads what `{% include %}`, `{% extends %}` and `{% import %}` name."""

    def __init__(self, rendering: Rendering) -> None:
        self._rendering = rendering

    def load(
        self,
        environment: Environment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002  (Jinja's name)
    ) -> Template:
        """Return a template. Raises `TemplateNotFound` and `TemplateSyntaxError`."""
        rendering = self._rendering
        rendering.spend()
        source = rendering.folder.read(name)
        rendering.names.add(name)
        code = rendering.engine.code_now(source, name, escapes=rendering.escapes)
        return rendering.template(code, environment.globals if globals is None else globals)
