"""Reporting: what the supervisor knows of all that runs, put together when somebody asks."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from snake import __version__
from snake.config.http import Server
from snake.core.network import NetworkAddress
from snake.engine import needs
from snake.engine.configuration import Configuration
from snake.engine.generation import Generation
from snake.engine.overview import AppView
from snake.engine.place import Place
from snake.engine.process import Process
from snake.engine.reloads import Reloads
from snake.engine.resources import resources
from snake.engine.state import State
from snake.http.ports import Ports
from snake.http.sites import site_names
from snake.metrics import report as parts
from snake.metrics.problems import problems
from snake.metrics.report import MOST_CERTIFICATES, Report, Worker
from snake.metrics.series import Totals, app_of, logs_of, pool_of, sites_of

if TYPE_CHECKING:
    from prometheus_client.core import Metric


class Reporter:
    """Makes reports. It is the supervisor's."""

    def __init__(self, configuration: Configuration, reloads: Reloads) -> None:
        self._configuration = configuration
        self._reloads = reloads

    def totals(self) -> Totals:
        """Return what all workers have counted."""
        self._reloads.counting.losses.look()
        return self._reloads.counting.ledger.total()

    def metrics(
        self, health: Callable[[], Mapping[str, bool]], version: str, more: Iterable[Metric]
    ) -> bytes:
        """Return all metrics as text: of a version of OpenMetrics; without one, Prometheus'.

        `health` tells of the upstreams; `more` is added.
        """
        from snake.metrics.exposition import Known, expose  # noqa: PLC0415  (not for a status)

        processes = self._reloads.counting.ledger.processes()
        upstreams = {address: partial(bool, is_healthy) for address, is_healthy in health().items()}
        what = Known(self.totals(), processes, self.report(), upstreams=upstreams, more=tuple(more))
        return expose(what, open_metrics=bool(version))

    def report(self, totals: Totals | None = None) -> Report:
        """Return what there is to know; with `totals` what was counted as well."""
        self._reloads.counting.losses.look()
        found = self._report(totals)
        return replace(found, problems=tuple(problems(found)))

    def _report(self, totals: Totals | None) -> Report:
        generation = self._reloads.generation
        certificates = list(_certificates(generation))
        since = self._reloads.counting.since
        return Report(
            version=__version__,
            python=platform.python_version(),
            pid=os.getpid(),
            started=since,
            uptime=time.time() - since,
            configuration=self._loading(),
            generations=(
                _generation(generation, "serving"),
                *(_generation(each, "draining") for each in self._reloads.draining),
            ),
            starts=tuple(self._starts()),
            apps=tuple(_apps(generation, totals or {})),
            listeners=tuple(self._listeners(generation)),
            certificates=tuple(sorted(certificates, key=_urgency)[:MOST_CERTIFICATES]),
            certificates_total=len(certificates),
            sites=tuple(sites_of(totals, _names(generation))) if totals is not None else (),
            logs=tuple(logs_of(totals or {})),
        )

    def _loading(self) -> parts.Configuration:
        told = self._configuration
        outcome, last = told.outcome, None
        if told.attempts:
            error = _encodable(outcome.error)
            last = parts.Reload(outcome.at, not error, error, outcome.seconds)
        return parts.Configuration(
            source=_encodable(str(Path(told.source.file).absolute())) if told.source else None,
            loaded=told.loaded_at,
            attempts=told.attempts,
            failures=told.failures,
            last_reload=last,
        )

    def _starts(self) -> Iterator[parts.Starts]:
        starts = self._reloads.counting.starts
        for (number, cause), count in sorted(starts.workers.items()):
            yield parts.Starts(cause, count, worker=number)
        for (app, cause), count in sorted(starts.apps.items()):
            yield parts.Starts(cause, count, app=app.name, working_dir=app.folder)

    def _listeners(self, generation: Generation) -> Iterator[parts.Listener]:
        app = needs.http(generation.document)
        ports = Ports.of(app)
        for name, server in app.servers.items():
            for address in needs.single(server.listen):
                yield parts.Listener(
                    address=str(address),
                    bound=self._reloads.bound(address),
                    server=name,
                    encrypted=_is_encrypted(server, address, ports),
                )


def _encodable(text: str) -> str:
    """Return a text that can be JSON: names of files may have bytes that are no text."""
    return text.encode(errors="replace").decode()


def _names(generation: Generation) -> dict[str, list[str]]:
    servers = needs.http(generation.document).servers
    return {name: site_names(server) for name, server in servers.items()}


def _is_encrypted(server: Server, address: NetworkAddress, ports: Ports) -> bool:
    if address.is_unix or address.is_fd:
        return bool(server.tls_connection_policies)
    return ports.secures(server, address.start_port)


def _generation(generation: Generation, state: str) -> parts.Generation:
    workers = (each for place in generation.places for each in _workers(place, generation.state))
    return parts.Generation(state, generation.reason, tuple(workers))


def _workers(place: Place, state: State) -> Iterator[Worker]:
    """Yield what has a place now, and what had it and drains."""
    serves = "draining" if state is State.DRAINING else "serving"
    if place.process is None:
        yield Worker(place.index, None, "starting" if place.is_starting else "down")
    else:
        yield _worker(place.index, place.process, serves)
    for process in place.leaving:
        yield _worker(place.index, process, "draining")


def _worker(index: int, process: Process, state: str) -> Worker:
    used = resources(process.pid) if process.is_visible else parts.Resources()
    return Worker(index, process.pid, state, process.started_at, used)


def _apps(generation: Generation, totals: Totals) -> Iterator[parts.App]:
    for view, paths in generation.places_of_apps.items():
        pids = tuple(generation.pids)
        pool = None
        if view.pooled:
            pool = _pool(generation, view, paths, totals)
            pids = pool.pids or tuple(pid for each in pool.tenants.values() for pid in each)
        yield app_of(
            totals,
            parts.App(
                name=view.name,
                working_dir=view.working_dir,
                place="pool" if view.pooled else "workers",
                because=view.reason,
                python=view.python,
                venv=view.venv,
                processes=view.processes,
                pids=pids,
                dynamic=view.dynamic,
                pool=pool,
            ),
        )


def _pool(
    generation: Generation, view: AppView, paths: Iterable[str], totals: Totals
) -> parts.Pool:
    pools = {name: pool for path in paths for name, pool in generation.pools.of(path).items()}
    pids = {name: tuple(each.pid for each in pool.processes) for name, pool in pools.items()}
    return pool_of(
        totals,
        (view.name, view.working_dir),
        parts.Pool(processes=view.processes, pids=pids.pop("", ()), tenants=pids),
    )


def _certificates(generation: Generation) -> Iterator[parts.Certificate]:
    if generation.certificates is not None:
        for status in generation.certificates.keeper.statuses():
            yield parts.Certificate(
                name=status.name,
                issuer=status.issuer,
                managed=True,
                not_before=status.not_before or None,
                not_after=status.not_after or None,
                renews=status.renew_at or None,
                error=status.error,
                attempts=status.attempts,
                next_attempt=status.next_at or None,
            )
        for certificate in generation.certificates.loaded:
            yield parts.Certificate(
                name=", ".join(certificate.names[:3]),
                issuer=certificate.issuer,
                managed=False,
                not_before=certificate.not_before,
                not_after=certificate.not_after,
            )


def _urgency(certificate: parts.Certificate) -> tuple[bool, float]:
    return not certificate.error, certificate.not_after or 0.0
