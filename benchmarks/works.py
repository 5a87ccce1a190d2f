"""What is measured: apps and who runs them, sites and who serves them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

APPS = Path(__file__).parent / "apps"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What the clients ask for, and the servers that are asked."""

    name: str
    title: str
    contenders: tuple[str, ...]
    path: str = "/hello"
    encoding: str = ""
    """What the clients take: the value of `Accept-Encoding`, empty for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site(Work):
    """A site without Python, one and the same Caddyfile for all."""

    handler: str
    """Its directives. `{behind}` in them is the address of a fast upstream, `{files}` a folder
    with `10k.bin`, `1m.bin` and `60k.txt`."""

    @property
    def proxied(self) -> bool:
        """Whether it needs the upstream."""
        return "{behind}" in self.handler


@dataclass(frozen=True, slots=True, kw_only=True)
class App(Work):
    """One app, run by that many processes."""

    interface: str
    """`wsgi` or `asgi`."""
    module: str
    """`module:variable`."""
    folder: str = str(APPS)
    """Where that is found; for snake and Caddy Snake it may have placeholders."""
    workers: int = 1
    lines: tuple[str, ...] = ()
    """More of the `python` directive."""
    apart: bool = False
    """Whether it has another environment than snake, which then runs it in a pool."""
    blocking_threads: int | None = None
    """Threads that granian gets for a WSGI app; `None` leaves it its default."""


def _site(name: str, title: str, path: str, handler: str, encoding: str = "") -> Site:
    contenders = ("snake", "caddy")
    return Site(
        name=name,
        title=title,
        contenders=contenders,
        path=path,
        encoding=encoding,
        handler=handler,
    )


_FILES = "root {files}\n\tfile_server"

WORKS: tuple[Work, ...] = (
    App(
        name="flask",
        title="Flask, 1 worker",
        interface="wsgi",
        module="flask_app:app",
        contenders=("snake", "caddysnake", "caddy+gunicorn", "granian"),
    ),
    App(
        name="fastapi",
        title="FastAPI, 1 worker",
        interface="asgi",
        module="fastapi_app:app",
        contenders=("snake", "caddysnake", "caddy+uvicorn", "granian"),
    ),
    App(
        name="raw",
        title="Raw ASGI, 1 worker",
        interface="asgi",
        module="raw_asgi:app",
        contenders=("snake", "granian", "uvicorn", "hypercorn"),
    ),
    App(
        name="sleep",
        title="WSGI sleeping 50 ms, 1 worker",
        interface="wsgi",
        module="sleeping_wsgi:app",
        contenders=("snake", "caddysnake", "granian"),
        blocking_threads=64,
    ),
    App(
        name="flask2",
        title="Flask, 2 workers",
        interface="wsgi",
        module="flask_app:app",
        contenders=("snake", "caddysnake", "granian"),
        workers=2,
    ),
    App(
        name="fastapi2",
        title="FastAPI, 2 workers",
        interface="asgi",
        module="fastapi_app:app",
        contenders=("snake", "caddysnake", "granian"),
        workers=2,
    ),
    App(
        name="flaskpool",
        title="Flask in a pool, 1 worker",
        interface="wsgi",
        module="flask_app:app",
        contenders=("snake", "caddysnake"),
        apart=True,
    ),
    App(
        name="fastapipool",
        title="FastAPI in a pool, 1 worker",
        interface="asgi",
        module="fastapi_app:app",
        contenders=("snake", "caddysnake"),
        apart=True,
    ),
    _site("respond", "respond", "/", 'respond "Hello, world!"'),
    _site("file", "A file of 10 kB", "/10k.bin", _FILES),
    _site("bigfile", "A file of 1 MB", "/1m.bin", _FILES),
    _site("proxy", "reverse_proxy", "/", "reverse_proxy {behind}"),
    _site("gzip", "gzip of 60 kB of text", "/60k.txt", f"encode gzip\n\t{_FILES}", "gzip"),
)
