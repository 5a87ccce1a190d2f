"""The access log: one record per request, with Caddy's fields.

Source: https://caddyserver.com/docs/logging. Which log a request goes to is
decided by its host, from tables made when the configuration is loaded.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import lru_cache
from time import perf_counter
from typing import Any

from snake.app.environ import PROTOCOLS
from snake.config.http import ServerLogs
from snake.http.fields import canonical as canonical_name
from snake.http.handler import Message, Receive, Send
from snake.http.request import Request
from snake.http.response import declared_length
from snake.http.template import as_text
from snake.logs.app import Logs, Sink
from snake.tls.secured import SECURED, Secured
from snake.transport.asgi import NOTHING, Whole

REDACTED = ["REDACTED"]
SECRET = frozenset({b"cookie", b"set-cookie", b"authorization", b"proxy-authorization"})
LOGGER = "http.log.access"


class AccessLog:
    """The access log of one server: chooses loggers by host, and writes records."""

    def __init__(self, config: ServerLogs, logs: Logs) -> None:
        self._logs = logs
        self._config = config
        self._default = self._sinks([config.default_logger_name])
        self._hosts = {
            host.lower(): self._sinks([names] if isinstance(names, str) else names)
            for host, names in config.logger_names.items()
        }
        self._skip = frozenset(host.lower() for host in config.skip_hosts)

    def _sinks(self, names: Any) -> tuple[Sink, ...]:  # noqa: ANN401
        found = (self._logs.sink(f"{LOGGER}.{name}" if name else LOGGER) for name in names)
        return tuple(sink for sink in found if sink is not None)

    def sinks(self, request: Request, host: str) -> tuple[Sink, ...]:
        """Return where the record of a request goes; nowhere if it is to be skipped.

        The directives log_skip and log_name set variables, which count if they are
        true and a list of names.
        """
        if request.variable("log_skip") is True:
            return ()
        wildcards = _wildcards(host)
        mapped = next((self._hosts[name] for name in wildcards if name in self._hosts), None)
        if mapped is None and (
            self._config.skip_unmapped_hosts or not self._skip.isdisjoint(wildcards)
        ):
            return ()
        names = request.variable("access_logger_names")
        if isinstance(names, list):
            return self._sinks(names)
        return self._default if mapped is None else mapped

    def wrap(
        self, run: Callable[[Request, Send], Awaitable[None]]
    ) -> Callable[[Request, Send], Awaitable[None]]:
        """Return `run` with a record written at the end of each request."""
        show_secrets = self._config.should_log_credentials

        def logged(request: Request, send: Send) -> Awaitable[None]:
            entry = _Entry(request, send, show_secrets=show_secrets)
            host = request.host
            request.receive = entry.counting(request.receive)
            answering = run(request, entry)
            if answering is not NOTHING:
                return finish(request, entry, host, answering)
            end(request, entry, host)
            return NOTHING

        async def finish(
            request: Request, entry: _Entry, host: str, answering: Awaitable[None]
        ) -> None:
            try:
                await answering
            finally:
                end(request, entry, host)

        def end(request: Request, entry: _Entry, host: str) -> None:
            if sinks := self.sinks(request, host):
                entry.write(sinks, request)

        return logged


class _Entry:
    """The `send` of one request, and what is known of that, gathered while it runs."""

    __slots__ = (
        "_fields",
        "_secrets",
        "_send",
        "_started",
        "has_server",
        "headers",
        "read",
        "size",
        "status",
        "unanswered",
    )

    def __init__(self, request: Request, send: Send, *, show_secrets: bool) -> None:
        scope = request.scope
        client = scope.get("client") or ("", "")
        self._send = send
        self._started = request.started
        self._secrets = show_secrets
        self._fields: dict[str, Any] = {
            "remote_ip": client[0],
            "remote_port": str(client[1]),
            "client_ip": request.client_ip,
            "proto": PROTOCOLS.get(scope.get("http_version", ""), "HTTP/1.1"),
            "method": scope["method"],
            "host": request.hostport,
            "uri": request.target,
            "headers": _readable(scope["headers"], show_secrets, host=False),
        }
        if SECURED in scope:
            self._fields["tls"] = _encryption(scope[SECURED])
        self.read = 0
        self.size = 0
        self.status = 0
        self.headers: Any = ()
        self.has_server = True
        self.unanswered = False

    def counting(self, receive: Receive) -> Receive:
        """Return `receive` with the bytes of the body counted."""

        async def counted() -> Message:
            message = await receive()
            self.read += len(message.get("body", b""))
            return message

        return counted

    def __call__(self, message: Message) -> Awaitable[None]:
        """Send a message on, with the status, the headers and the size noted."""
        kind = message["type"]
        if kind == "http.response.body":
            self.size += len(message.get("body", b""))
        elif kind == "http.response.start":
            self._began(message)
        elif kind == "websocket.accept":
            self.status = 101
        elif kind == "http.response.pathsend":
            self.size += declared_length(self.headers)
        return self._send(message)

    def whole(self, start: Message, body: bytes) -> bool:
        """Send a whole response on at once, if that can be done."""
        whole: Whole | None = getattr(self._send, "whole", None)
        if whole is None or not whole(start, body):
            return False
        self.size += len(body)
        self._began(start)
        return True

    def _began(self, message: Message) -> None:
        self.headers = message.get("headers") or ()
        self.has_server = message.get("server_header") is not False
        self.unanswered = message.get("unanswered", False)
        if self.unanswered:
            # The status is the server's then.
            self.status = 0
        else:
            self.status = message["status"]

    def write(self, sinks: tuple[Sink, ...], request: Request) -> None:
        """Give the record to every sink. No status is that of a request that nobody answered."""
        values = request.values or {}
        fields = {
            "request": self._fields,
            "bytes_read": self.read,
            "user_id": as_text(values.get("http.auth.user.id")),
            "duration": perf_counter() - self._started,
            "size": self.size,
            "status": self.status,
            "resp_headers": {
                **({"Server": ["snake"]} if self.has_server else {}),
                **_readable(self.headers, self._secrets),
            },
            **(request.log_fields or {}),
        }
        level = logging.ERROR if self.status >= 500 else logging.INFO  # noqa: PLR2004
        for sink in sinks:
            sink.emit(level, "NOP" if self.unanswered else "handled request", fields)


def _encryption(secured: Secured) -> dict[str, Any]:
    """Return what a record tells of a connection's TLS."""
    fields: dict[str, Any] = {
        "resumed": secured.resumed,
        "version": secured.version,
        "cipher_suite": secured.cipher_suite,
        "proto": secured.alpn,
        "server_name": secured.server_name,
        "ech": False,
    }
    if secured.peers:
        # Few servers ask for any, and what reads certificates takes a while to load.
        from snake.tls.peer_certificate import PeerCertificate  # noqa: PLC0415

        client = PeerCertificate.of(secured.peers[0])
        if client is not None:
            fields["client_common_name"] = client.common_name
            fields["client_serial"] = client.serial
    return fields


def _readable(
    headers: Any,  # noqa: ANN401
    show_secrets: bool,  # noqa: FBT001
    *,
    host: bool = True,
) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for name, value in headers:
        if name == b"host" and not host:
            continue
        if name in SECRET and not show_secrets:
            fields[canonical(name)] = REDACTED
        else:
            fields.setdefault(canonical(name), []).append(value.decode("utf-8", "surrogateescape"))
    return fields


@lru_cache(maxsize=1024)
def canonical(name: bytes) -> str:
    """Write a header name as Go does: `user-agent` is `User-Agent`."""
    return canonical_name(name.decode("latin-1"))


def _wildcards(host: str) -> list[str]:
    """Return the names under which a host may be listed: itself, then `*` for each label."""
    labels = host.split(".")
    return [host, *(".".join(["*"] * n + labels[n:]) for n in range(1, len(labels)))]
