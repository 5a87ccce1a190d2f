"""The access log: one record per request, with Caddy's fields.

Source: https://caddyserver.com/docs/logging. Which log a request goes to is
decided by its host, from tables made when the configuration is loaded.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache

from snake.config.http import ServerLogs
from snake.core.hostport import split_port
from snake.http.access_record import AccessRecord
from snake.http.access_texts import Texts
from snake.http.handler import Send
from snake.http.request import Request
from snake.logs.app import Logs, Sink
from snake.transport.asgi import NOTHING

LOGGER = "http.log.access"


class AccessLog:
    """The access log of one server: chooses loggers by host, and writes records."""

    def __init__(self, config: ServerLogs, logs: Logs) -> None:
        self._logs = logs
        self._config = config
        self._hosts = {
            host.lower(): (names,) if isinstance(names, str) else tuple(names)
            for host, names in config.logger_names.items()
        }
        self._skip = frozenset(host.lower() for host in config.skip_hosts)
        self._names_of = lru_cache(maxsize=1024)(self._names_of_host)
        self._sinks_of = lru_cache(maxsize=1024)(self._sinks_of_host)

    def _sinks(self, names: Iterable[str]) -> tuple[Sink, ...]:
        found = (self._logs.sink(f"{LOGGER}.{name}" if name else LOGGER) for name in names)
        return tuple(sink for sink in found if sink is not None)

    def sinks(self, request: Request, host: bytes) -> tuple[Sink, ...]:
        """Return where the record of a request goes; nowhere if it is to be skipped.

        The directives log_skip and log_name set variables, which count if they are
        true and a list of names.
        """
        found = self._sinks_of(host)
        if not request.has_vars:
            return found or ()
        if found is None or request.variable("log_skip") is True:
            return ()
        names = request.variable("access_logger_names")
        return self._sinks(names) if isinstance(names, list) else found

    def names(self, request: Request, host: bytes) -> Iterable[str]:
        """Return the names of those that hear of a failure, which cannot be skipped."""
        found = self._names_of(host)
        names = request.variable("access_logger_names")
        return (names if isinstance(names, list) else found) or ("",)

    def _sinks_of_host(self, hostport: bytes) -> tuple[Sink, ...] | None:
        names = self._names_of(hostport)
        return None if names is None else self._sinks(names)

    def _names_of_host(self, hostport: bytes) -> tuple[str, ...] | None:
        """Return the loggers of a host; `None` if it is skipped, whatever is asked."""
        host = split_port(hostport.decode("utf-8", "surrogateescape"))[0]
        wildcards = _wildcards(host.lower())
        mapped = next((self._hosts[name] for name in wildcards if name in self._hosts), None)
        if mapped is not None:
            return mapped
        if self._config.skip_unmapped_hosts or not self._skip.isdisjoint(wildcards):
            return None
        return (self._config.default_logger_name,)

    def wrap(
        self, run: Callable[[Request, Send], Awaitable[None]]
    ) -> Callable[[Request, Send], Awaitable[None]]:
        """Return `run` with a record written at the end of each request.

        Of what `run` leaves to be waited for, `Request.record` hears the end.
        """
        texts = Texts(show_secrets=self._config.should_log_credentials, sinks=self._sinks_of)

        def logged(request: Request, send: Send) -> Awaitable[None]:
            record = AccessRecord(request, send, texts, self)
            # A transport's own notes what is sent.
            answering = run(request, send if hasattr(send, "start") else record.sender())
            if answering is NOTHING:
                record.ended()
            return answering

        return logged


def _wildcards(host: str) -> list[str]:
    """Return the names under which a host may be listed: itself, then `*` for each label."""
    labels = host.split(".")
    return [host, *(".".join(["*"] * n + labels[n:]) for n in range(1, len(labels)))]
