"""`apps.http`: servers and the routes they run.

Field names, meaning and order are Caddy's:
https://caddyserver.com/docs/json/apps/http/.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from snake.config.struct import Config, Duration, Guest
from snake.config.tls import ConnectionPolicy
from snake.core.namespace import In


class Route(Config):
    """If any matcher set matches, run the handlers in order."""

    group: str = ""
    match: tuple[dict[str, Annotated[msgspec.Raw, In("http.matchers")]], ...] = ()
    handle: tuple[Annotated[msgspec.Raw, In("http.handlers", "handler")], ...] = ()
    terminal: bool = False


class ErrorRoutes(Config):
    """The routes that run when a handler fails."""

    routes: tuple[Route, ...] = ()


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


class Metrics(Config):
    """What is counted of every request."""

    per_host: bool = False
    observe_catchall_hosts: bool = False
    otlp: bool = False


class Server(Config):
    """One set of listener addresses and its routes."""

    listen: tuple[str, ...] = ()
    listener_wrappers: tuple[Annotated[msgspec.Raw, In("caddy.listeners", "wrapper")], ...] = ()
    packet_conn_wrappers: tuple[
        Annotated[msgspec.Raw, In("caddy.packetconns", "wrapper")], ...
    ] = ()
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
    named_routes: dict[str, Route] = {}
    tls_connection_policies: tuple[ConnectionPolicy, ...] | None = None
    automatic_https: AutoHTTPS | None = None
    strict_sni_host: bool | None = None
    trusted_proxies: Annotated[Guest, In("http.ip_sources", "source")] = None
    client_ip_headers: tuple[str, ...] = ()
    trusted_proxies_strict: int = 0
    trusted_proxies_unix: bool = False
    logs: ServerLogs | None = None
    protocols: tuple[str, ...] = ()
    listen_protocols: tuple[tuple[str, ...] | None, ...] = ()
    metrics: Metrics | None = None
    allow_0rtt: bool | None = None


class HTTPApp(Config):
    """The `http` app."""

    http_port: int = 0
    https_port: int = 0
    grace_period: Duration = 0
    shutdown_delay: Duration = 0
    servers: dict[str, Server] = {}
    metrics: Metrics | None = None
