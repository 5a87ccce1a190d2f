"""A site as text, a response as data: the compiled routes without a socket."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import msgspec

from snake.adapter.adapt import adapt
from snake.config.document import Document
from snake.config.http import Server
from snake.core.modules import Context, Registry, decode
from snake.files.filesystem import FileSystems
from snake.http.app import provision_http
from snake.http.handler import ASGIApp, Message
from snake.http.server import Needs
from snake.http.sites import Sites
from snake.metrics.figures import Figures
from snake.standard import MODULES, catalogue
from snake.tls.secured import EXTENSION, SECURED, Secured, asgi_extension
from snake.transport.asgi import decode_path


def needs(**fields: Any) -> Needs:
    """Return what the routes of a server need beside themselves, with what is counted."""
    return Needs(Sites(Figures(), "srv0", Server()), **fields)


@dataclass(frozen=True)
class Response:
    """What came back: the status, header fields in order, and the whole body."""

    status: int
    fields: list[tuple[str, str]]
    body: bytes
    messages: list[Message] = field(repr=False)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def header(self, name: str) -> str | None:
        """Return the first field of this name, in any case."""
        return next((value for key, value in self.fields if key == name.lower()), None)

    def headers(self, name: str) -> list[str]:
        """Return every field of this name."""
        return [value for key, value in self.fields if key == name.lower()]


class Site:
    """One provisioned config; `async with site(...) as s: await s.get("/")`.

    Requests go to the first server, or the one named by `server`.
    """

    def __init__(
        self,
        document: Document,
        modules: Mapping[str, str] = MODULES,
        services: Mapping[type[Any], Any] | None = None,
    ) -> None:
        self._document = document
        self._services = services
        self._modules = modules
        self._stack = AsyncExitStack()
        self._apps: dict[str, ASGIApp] = {}

    async def __aenter__(self) -> Self:
        """Provision the whole document."""
        apps = self._document.apps
        assert apps is not None
        assert apps.http is not None
        ctx = Context(Registry(self._modules), self._stack, self._services).at("apps")
        if apps.filesystems is not None:
            found = await FileSystems.provision(ctx.at("caddy.filesystems"), apps.filesystems)
            ctx = ctx.offering(FileSystems, found)
        servers = await provision_http(ctx.at("http"), apps.http, None)
        self._apps = {server.name: server.app for server in servers}
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close what provisioning opened."""
        await self._stack.aclose()

    @property
    def app(self) -> ASGIApp:
        """The first server as an ASGI app."""
        return next(iter(self._apps.values()))

    async def get(self, target: str = "/", **options: Any) -> Response:
        """Send a GET."""
        return await self.request("GET", target, **options)

    async def request(  # noqa: PLR0913
        self,
        method: str,
        target: str = "/",
        *,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        host: str = "localhost",
        server: str = "",
        client: tuple[str, int] = ("127.0.0.1", 50000),
        extensions: dict[str, Any] | None = None,
        secured: Secured | None = None,
    ) -> Response:
        """Send one request, with TLS if it is `secured`, and gather the whole response."""
        path, _, query = target.partition("?")
        fields = {"host": host, **(headers or {})}
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.5"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": decode_path(path.encode()),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in fields.items()],
            "client": client,
            "server": (urlsplit(f"//{host}").hostname or "localhost", 80),
            "extensions": extensions or {},
        }
        if secured is not None:
            scope |= {"scheme": "https", SECURED: secured}
            scope["extensions"] = {**scope["extensions"], EXTENSION: asgi_extension(secured)}
        sent: list[Message] = []
        bodies: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return bodies.pop() if bodies else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        app = self._apps[server] if server else self.app
        await app(scope, receive, send)
        return _response(sent)


def _response(sent: list[Message]) -> Response:
    start = next(message for message in sent if message["type"] == "http.response.start")
    fields = [(k.decode(), v.decode("latin-1")) for k, v in start["headers"]]
    bodies = [m.get("body", b"") for m in sent if m["type"] == "http.response.body"]
    return Response(start["status"], fields, b"".join(bodies), sent)


def site_of_json(config: dict[str, Any], services: Mapping[type[Any], Any] | None = None) -> Site:
    """Return the site of a whole JSON document; its modules are offered `services`."""
    return Site(decode(msgspec.json.encode(config), Document), services=services)


def site_of_routes(*routes: dict[str, Any], **server: Any) -> Site:
    """Return a site of one server on port 80 with these JSON routes."""
    servers = {"srv0": {"listen": [":80"], "routes": list(routes), **server}}
    return site_of_json({"apps": {"http": {"servers": servers}}})


def site(caddyfile: str, services: Mapping[type[Any], Any] | None = None) -> Site:
    """Return the site of a Caddyfile; its modules are offered `services` by their types."""
    document, _ = adapt(caddyfile, "Caddyfile", catalogue())
    return Site(document, services=services)
