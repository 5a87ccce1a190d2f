"""`apps.http`: servers and the routes they run.

Field names, meaning and order are Caddy's:
https://caddyserver.com/docs/json/apps/http/. Durations are nanoseconds or text
such as `"5s"`; `nanoseconds` reads both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, dataclass_transform

import msgspec

from snake.core.units import duration

Duration = int | str

if TYPE_CHECKING:
    Guest = msgspec.Raw | None
else:
    Guest = msgspec.Raw
    """A module that may be absent, undecoded; msgspec has no union with `Raw`."""


def nanoseconds(value: Duration) -> int:
    """Return a JSON duration in nanoseconds. Raises `UnitError`."""
    return value if isinstance(value, int) else duration(value)


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The base of the document's own structs: frozen, strict, and short when written."""


class Route(Config):
    """If any matcher set matches, run the handlers in order."""

    group: str = ""
    match: tuple[dict[str, msgspec.Raw], ...] = ()
    handle: tuple[msgspec.Raw, ...] = ()
    terminal: bool = False


class ErrorRoutes(Config):
    """The routes that run when a handler fails."""

    routes: tuple[Route, ...] = ()


class NamedRoute(Config):
    """A route that `invoke` runs by name."""

    handle: tuple[msgspec.Raw, ...] = ()


class AutoHTTPS(Config):
    """How a server takes part in automatic HTTPS."""

    disable: bool = False
    disable_redirects: bool = False
    disable_certificates: bool = False
    skip: tuple[str, ...] = ()
    skip_certificates: tuple[str, ...] = ()
    ignore_loaded_certificates: bool = False


class ServerLogs(Config):
    """Which loggers a server's access log goes to."""

    default_logger_name: str = ""
    logger_names: dict[str, tuple[str, ...] | str] = {}
    skip_hosts: tuple[str, ...] = ()
    skip_unmapped_hosts: bool = False
    should_log_credentials: bool = False
    trace: bool = False


class Server(Config):
    """One set of listener addresses and its routes."""

    listen: tuple[str, ...] = ()
    listener_wrappers: tuple[msgspec.Raw, ...] = ()
    packet_conn_wrappers: tuple[msgspec.Raw, ...] = ()
    read_timeout: Duration = 0
    read_header_timeout: Duration = 0
    read_idle_timeout: Duration = 0
    read_min_rate: int = 0
    write_timeout: Duration = 0
    write_idle_timeout: Duration = 0
    write_min_rate: int = 0
    max_write_chunk: int = 0
    idle_timeout: Duration = 0
    keepalive_interval: Duration = 0
    keepalive_idle: Duration = 0
    keepalive_count: int = 0
    max_header_bytes: int = 0
    enable_full_duplex: bool = False
    expected_underscore_headers: tuple[str, ...] = ()
    expected_dot_headers: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    errors: ErrorRoutes | None = None
    named_routes: dict[str, NamedRoute] = {}
    tls_connection_policies: tuple[msgspec.Raw, ...] = ()
    automatic_https: AutoHTTPS | None = None
    strict_sni_host: bool | None = None
    trusted_proxies: Guest = None
    client_ip_headers: tuple[str, ...] = ()
    trusted_proxies_strict: int = 0
    trusted_proxies_unix: bool = False
    logs: ServerLogs | None = None
    protocols: tuple[str, ...] = ()
    listen_protocols: tuple[tuple[str, ...] | None, ...] = ()
    metrics: dict[str, Any] | None = None
    allow_0rtt: bool | None = None


class HTTPApp(Config):
    """The `http` app."""

    http_port: int = 0
    https_port: int = 0
    grace_period: Duration = 0
    shutdown_delay: Duration = 0
    servers: dict[str, Server] = {}
    metrics: dict[str, Any] | None = None
