"""What is measured: an app, how many processes run it, and who runs it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    """One app, and the servers that are measured with it."""

    name: str
    title: str
    interface: str
    """`wsgi` or `asgi`."""
    module: str
    """`module:variable`, in `apps/`."""
    contenders: tuple[str, ...]
    workers: int = 1
    path: str = "/hello"
    blocking_threads: int | None = None
    """Threads that granian gets for a WSGI app; `None` leaves it its default."""


WORKS = (
    Work(
        "flask",
        "Flask, 1 worker",
        "wsgi",
        "flask_app:app",
        ("snake", "caddysnake", "caddy+gunicorn", "granian"),
    ),
    Work(
        "fastapi",
        "FastAPI, 1 worker",
        "asgi",
        "fastapi_app:app",
        ("snake", "caddysnake", "caddy+uvicorn", "granian"),
    ),
    Work(
        "raw",
        "Raw ASGI, 1 worker",
        "asgi",
        "raw_asgi:app",
        ("snake", "granian", "uvicorn", "hypercorn"),
    ),
    Work(
        "sleep",
        "WSGI sleeping 50 ms, 1 worker",
        "wsgi",
        "sleeping_wsgi:app",
        ("snake", "caddysnake", "granian"),
        blocking_threads=64,
    ),
    Work(
        "flask2",
        "Flask, 2 workers",
        "wsgi",
        "flask_app:app",
        ("snake", "caddysnake"),
        workers=2,
    ),
    Work(
        "fastapi2",
        "FastAPI, 2 workers",
        "asgi",
        "fastapi_app:app",
        ("snake", "caddysnake"),
        workers=2,
    ),
)
