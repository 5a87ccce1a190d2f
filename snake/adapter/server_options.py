"""What the option `servers` says of servers, and which of them it says it of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from snake.caddyfile.errors import CaddyfileWarning
from snake.caddyfile.segments import Segment
from snake.config.http import Metrics, Server, ServerLogs
from snake.core.record import Record


class ServerOptions(Record):
    """One `servers` line: what it sets in the servers that it is for."""

    line: Segment
    address: str
    """A server with exactly this listener address is meant; every one when it is empty."""
    name: str = ""
    """What the server is called; by its number when it is empty."""
    fields: dict[str, Any] = {}
    """Fields of the server, by name."""
    log_credentials: bool = False
    trace: bool = False

    def override(self, server: Server) -> Server:
        """Return the server with all that is set here."""
        server = replace(server, **self.fields)
        if not (self.log_credentials or self.trace):
            return server
        logs = server.logs or ServerLogs()
        credentials = self.log_credentials or logs.should_log_credentials
        logs = replace(logs, should_log_credentials=credentials, trace=self.trace or logs.trace)
        return replace(server, logs=logs)


def deprecated(options: Sequence[ServerOptions]) -> Iterator[CaddyfileWarning]:
    """Warn of what has its place elsewhere by now."""
    for line in (line for each in options for line in each.line.lines):
        if line.name == "metrics":
            message = (
                "The nested 'metrics' option inside `servers` is deprecated and will be removed in "
                "the next major version. Use the global 'metrics' option instead."
            )
            word = line.words[0]
            yield CaddyfileWarning(word.file, word.line, "", message)


def options_for(listen: Sequence[str], options: Sequence[ServerOptions]) -> ServerOptions | None:
    """Return the options of a server: the longest address counts, and one without the least."""
    longest_first = sorted(options, key=lambda each: -len(each.address.encode()))
    fits = (each for each in longest_first if not each.address or each.address in listen)
    return next(fits, None)


def rename(servers: Mapping[str, Server], options: Sequence[ServerOptions]) -> dict[str, Server]:
    """Return the servers under the names that they are given.

    As in Caddy, one that is given the name of another takes its place.
    """
    renamed = dict(servers)
    for old, server in servers.items():
        found = options_for(server.listen, options)
        if found is not None and found.name:
            renamed[found.name] = server
            del renamed[old]
    return renamed


def hoist_metrics(
    servers: Mapping[str, Server], metrics: Metrics | None
) -> tuple[dict[str, Server], Metrics | None]:
    """Take the metrics off the servers, and return those of all.

    What only the option `metrics` can say is lost by that, as in Caddy.
    """
    own = [server.metrics for server in servers.values() if server.metrics is not None]
    if not own:
        return dict(servers), metrics
    given = [metrics] if metrics is not None else []
    hoisted = Metrics(per_host=any(each.per_host for each in [*own, *given]))
    return {name: replace(server, metrics=None) for name, server in servers.items()}, hoisted
