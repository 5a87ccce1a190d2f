"""`snake status`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import datetime

import click
import msgspec

from snake.cli.admin_address import address_options, find_client
from snake.cli.admin_client import AdminClient
from snake.cli.quantities import NONE, latency, size, span
from snake.cli.table import table
from snake.core.errors import SnakeError
from snake.core.text import visible
from snake.metrics.report import App, Certificate, Report, Site

PATH = "/snake/status"


@click.command("status")
@address_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as GET /snake/status tells it.")
def command(
    address: str | None,
    config: str | None,
    adapter: str | None,
    as_json: bool,  # noqa: FBT001  (click passes it by name)
) -> int:
    """Tell how the server that runs is.

    Its workers, apps, sites, listeners and certificates, and what is wrong. The exit code is 0 when
    all is well, and 1 when something is wrong or no server runs.
    """
    client = find_client(address, config, adapter)
    report, data = fetch(client)
    if as_json:
        sys.stdout.write(msgspec.json.format(data).decode() + "\n")
    else:
        for line in lines(report, colors=_has_colors()):
            click.echo(line)
    return 1 if report.problems else 0


def fetch(client: AdminClient) -> tuple[Report, bytes]:
    """Return how the server is, and the JSON that says so. Raises `SnakeError`."""
    data = client.ask("GET", PATH).body
    try:
        return msgspec.json.decode(data, type=Report), data
    except msgspec.DecodeError:
        raise SnakeError(
            f"what {client.address} tells of itself is of another version of snake"
        ) from None


def _has_colors() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def lines(report: Report, *, colors: bool = False) -> Iterator[str]:
    """Yield what a person wants to know."""
    since = f"up {span(report.uptime)}"
    yield f"snake {report.version} on Python {report.python}, process {report.pid}, {since}"
    yield from _loading(report)
    if report.problems:
        yield ""
        title = "PROBLEMS"
        yield click.style(title, fg="red", bold=True) if colors else title
        for problem in report.problems:
            first, *rest = problem.splitlines() or [""]
            yield visible(first)
            yield from (f"  {visible(line)}" for line in rest)
    for rows in (
        _workers(report),
        _apps(report),
        _sites(report),
        _listeners(report),
        _certificates(report),
    ):
        if len(rows) > 1:
            yield ""
            head, *rest = table(*([visible(cell) for cell in row] for row in rows))
            yield click.style(head, bold=True) if colors else head
            yield from rest


Rows = list[tuple[str, ...]]


def _loading(report: Report) -> Iterator[str]:
    loading = report.configuration
    when = datetime.fromtimestamp(loading.loaded).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    told = f"{visible(loading.source or 'a configuration that is in no file')}, loaded at {when}"
    if loading.attempts:
        told += f"; {loading.attempts} reloads, {loading.failures} failed"
    yield told


def _workers(report: Report) -> Rows:
    rows: Rows = [("WORKER", "PROCESS", "STATE", "UP", "MEMORY", "CPU TIME")]
    now = report.started + report.uptime
    for generation in report.generations:
        for each in generation.workers:
            cpu = each.resources.cpu
            rows.append(
                (
                    str(each.worker),
                    str(each.pid or NONE),
                    each.state,
                    span(now - each.started) if each.started is not None else NONE,
                    size(each.resources.resident_memory),
                    f"{cpu:.1f} s" if cpu is not None else NONE,
                )
            )
    return rows


def _apps(report: Report) -> Rows:
    heads = ("APP", "RUNS IN", "PROCESSES", "REQUESTS", "5XX", "IN FLIGHT", "P50", "P99", "WHY")
    rows: Rows = [heads]
    for each in report.apps:
        rows.append(
            (
                name_of(each),
                each.place,
                processes_of(each),
                f"{each.requests:,}",
                f"{each.statuses.get('5xx', 0):,}",
                str(each.in_flight),
                latency(each.duration.p50),
                latency(each.duration.p99),
                each.because,
            )
        )
    return rows


def name_of(app: App) -> str:
    """Return how an app is called, with its folder where that says more."""
    return f"{app.name} in {app.working_dir}" if app.working_dir else app.name


def processes_of(app: App) -> str:
    """Return how many processes an app has: `4`, or `3 of 4`, or those of tenants."""
    if app.dynamic and app.pool is not None:
        return f"{len(app.pids)} of {len(app.pool.tenants)} apps"
    if app.pool is not None and len(app.pids) != app.processes:
        return f"{len(app.pids)} of {app.processes}"
    return str(len(app.pids))


_CLASSES = ("2xx", "3xx", "4xx", "5xx")


def _sites(report: Report) -> Rows:
    counts = ("REQUESTS", *(kind.upper() for kind in _CLASSES), "OTHER", "IN FLIGHT")
    return [("SITE", "SERVER", *counts, "P50", "P95", "P99"), *map(_site, report.sites)]


def _site(site: Site) -> tuple[str, ...]:
    known = [site.statuses.get(kind, 0) for kind in _CLASSES]
    return (
        site.site,
        site.server,
        *(f"{count:,}" for count in (site.requests, *known, site.requests - sum(known))),
        str(site.in_flight),
        *(latency(each) for each in (site.duration.p50, site.duration.p95, site.duration.p99)),
    )


def _listeners(report: Report) -> Rows:
    rows: Rows = [("LISTENS ON", "BOUND TO", "SERVER", "TLS")]
    rows += (
        (each.address, each.bound, each.server, "yes" if each.encrypted else "no")
        for each in report.listeners
    )
    return rows


def _certificates(report: Report) -> Rows:
    rows: Rows = [("CERTIFICATE", "ISSUER", "EXPIRES", "RENEWS", "LAST ERROR")]
    now = report.started + report.uptime
    rows += (
        (
            each.name,
            each.issuer or NONE,
            expires(each, now),
            renews(each, now),
            each.error.partition("\n")[0] or NONE,
        )
        for each in report.certificates
    )
    left = report.certificates_total - len(report.certificates)
    return [*rows, (f"and {left} more", "", "", "", "")] if left > 0 else rows


def expires(certificate: Certificate, now: float) -> str:
    """Return when a certificate expires, or that it has."""
    if certificate.not_after is None:
        return "no certificate"
    left = certificate.not_after - now
    return f"in {span(left)}" if left > 0 else f"EXPIRED {span(-left)} ago"


def renews(certificate: Certificate, now: float) -> str:
    """Return when it is renewed, or tried again after a failure."""
    if certificate.error and certificate.next_attempt is not None:
        return f"tried again in {span(certificate.next_attempt - now)}"
    if certificate.renews is None:
        return NONE
    return f"in {span(certificate.renews - now)}" if certificate.renews > now else "due"
