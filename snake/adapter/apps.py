"""The apps of a document: `http`, and those that options or directives ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from snake.adapter.listening import Listening
from snake.adapter.named_routes import NamedRoutes
from snake.adapter.pki import pki_app
from snake.adapter.policies import tls_app
from snake.adapter.scope import Shared
from snake.adapter.server_options import hoist_metrics, rename
from snake.adapter.servers import Servers
from snake.config.document import Apps
from snake.config.http import HTTPApp


def build_apps(listening: Sequence[Listening], shared: Shared, named: NamedRoutes) -> Apps | None:
    """Make all apps of a document; `None` when there is none. Raises `CaddyfileError`."""
    options = shared.options
    apps = Apps(
        filesystems=options.get("filesystem"),
        events=options.get("events"),
        http=_http(listening, shared, named),
        pki=pki_app(listening, options),
        tls=tls_app(listening, options),
    )
    return apps if apps != Apps() else None


def _http(listening: Sequence[Listening], shared: Shared, named: NamedRoutes) -> HTTPApp | None:
    options: dict[str, Any] = shared.options
    build = Servers(shared, named, listening).build
    built = {f"srv{number}": build(number) for number in range(len(listening))}
    servers = rename(built, options.get("servers", ()))
    servers, metrics = hoist_metrics(servers, options.get("metrics"))
    if not servers:
        return None
    return HTTPApp(
        http_port=options.get("http_port", 0),
        https_port=options.get("https_port", 0),
        grace_period=options.get("grace_period", 0),
        shutdown_delay=options.get("shutdown_delay", 0),
        servers=servers,
        metrics=metrics,
    )
