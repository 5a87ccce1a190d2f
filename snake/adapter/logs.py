"""Access logs: their names, which hosts go to which, and the logs of the whole document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

import msgspec

from snake.adapter.directive import LogValue
from snake.adapter.listening import AdaptedSite
from snake.config.http import ServerLogs
from snake.config.logging import Log, Logging
from snake.core.network import split_host_port

_DEFAULT = "default"


class LogNames:
    """Names the logs of one adaptation that have settings and no name: `log0`, `log1`, ..."""

    def __init__(self) -> None:
        self._numbers = count()

    def named(self, value: LogValue) -> LogValue:
        """Return the log with a name, if it needs one, and taking what is logged under it."""
        name = value.name
        if not name and value.log is not None:
            name = f"log{next(self._numbers)}"
        log = value.log
        if log is not None:
            log = msgspec.structs.replace(log, include=(f"http.log.access.{name}",))
        return LogValue(name, log, value.hostnames, value.no_hostname)


def server_logs(sites: Sequence[AdaptedSite]) -> ServerLogs | None:
    """Say which of a server's hosts are logged where; `None` when no site asks for logs."""
    if not any(site.results.logs for site in sites):
        return None
    default = ""
    names: dict[str, list[str]] = {}
    skipped: list[str] = []
    skip_unmapped = False
    for site in sites:
        hosts = list(
            dict.fromkeys(address.host_and_port for address in site.addresses if address.host)
        )
        for log in site.results.logs:
            if log.no_hostname:
                continue
            if log.hostnames:
                mapped = log.hostnames
            elif not site.hosts:
                default = log.name
                continue
            else:
                mapped = tuple((split_host_port(host) or (host,))[0] for host in hosts)
            for host in mapped:
                names.setdefault(host, []).append(log.name)
        if not site.results.logs:
            skip_unmapped |= not site.hosts
            skipped += hosts
    return ServerLogs(
        default_logger_name=default,
        logger_names={host: tuple(names[host]) for host in sorted(names)},
        skip_hosts=tuple(sorted(skipped)),
        skip_unmapped_hosts=skip_unmapped,
    )


def logging(
    options: Sequence[LogValue], sites: Sequence[LogValue], *, debug: bool
) -> Logging | None:
    """Return all logs of the document; `None` when none has settings.

    `options` are those of the global options, `sites` those of all sites. Of the default
    log the first counts, of any other the last. What a log names for itself is kept out of
    the default one.
    """
    values = [*options, *sites]
    if debug and not any(value.name == _DEFAULT for value in options):
        values.insert(len(options), LogValue(_DEFAULT, Log()))
    logs: dict[str, Log] = {}
    kept_out: list[str] = []
    for name, log in _of_their_own(values, debug=debug):
        if name == _DEFAULT:
            logs.setdefault(name, log)
        else:
            logs[name] = log
            kept_out += log.include
    if kept_out:
        default = logs.get(_DEFAULT, Log())
        exclude = tuple(sorted({*default.exclude, *kept_out}))
        logs[_DEFAULT] = msgspec.structs.replace(default, exclude=exclude)
    return Logging(logs=dict(sorted(logs.items()))) if logs else None


def _of_their_own(values: Sequence[LogValue], *, debug: bool) -> Iterator[tuple[str, Log]]:
    """Yield the logs that have a name and settings; `debug` is the level of those without one."""
    for value in values:
        if value.name and value.log is not None:
            level = value.log.level or ("DEBUG" if debug else "")
            yield value.name, msgspec.structs.replace(value.log, level=level)
