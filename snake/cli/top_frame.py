"""One frame of `snake top`, for a terminal of any size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from snake.cli.quantities import NONE, latency, rate, size, span
from snake.cli.status import expires, name_of, processes_of, renews
from snake.cli.top_table import GAP, Cell, Part, Rows, as_text
from snake.metrics.rates import AppRate, Rates, SiteRate
from snake.metrics.report import Certificate, Report, Worker

SOON = 30 * 86_400.0
"""Seconds before its end from which a certificate is shown that is renewed by nobody."""
NEAR = 7 * 86_400.0
"""Seconds before its end from which any is."""
_TITLED = 2
"""Lines of a table beside its rows: a blank one, and its heads."""
_LEAST = 3
"""Rows that a table has at least, if it has so many."""
_SPARE_OF_SITES = (
    *(">P95", ">P50", ">P99"),
    *(">none", ">3xx", ">2xx", ">4xx", ">NOW", ">5xx", "SERVER"),
)
_SPARE_OF_APPS = (">P50", ">P99", ">WAIT", "IN", ">NOW", ">PROC", ">5xx/S")
_SPARE_OF_WORKERS = (">UP", ">PROCESS", ">MEMORY", ">CPU")
"""The columns that are done without where there is no room, the first of them first."""


def frame(rates: Rates, width: int, height: int | None) -> RenderableType:
    """Return what there is to see in so many columns and lines; `None` is as many as it takes."""
    report = rates.report
    head = [_title(report), _summary(rates, width)]
    problems = [as_text((problem.partition("\n")[0], "red")) for problem in report.problems]
    head += problems if height is None else problems[: max(height // 8, 1)]
    parts = [
        _sites(rates),
        Part(*_apps(rates.apps), _SPARE_OF_APPS),
        Part(*_workers(rates), _SPARE_OF_WORKERS),
        Part(*_certificates(report), ("RENEWS",), longest=3),
    ]
    parts = [part for part in parts if part.rows]
    foot: list[RenderableType] = []
    if height is not None:
        foot = [as_text(("q quit", "dim"))]
        height -= len(head) + len(foot)
    drawn = [
        line
        for part, most in zip(parts, _shares(parts, height), strict=True)
        if most
        for line in part.drawn(most, width)
    ]
    return Group(*head, *drawn, *foot)


def lost(rates: Rates, fault: str) -> RenderableType:
    """Return what there is to see when nothing is known any more, and why."""
    report = rates.report
    told = f"last seen: process {report.pid}, after it was up for {span(report.uptime)}"
    return Group(
        as_text((f"snake {report.version}", "bold")),
        as_text((fault, "bold red")),
        as_text((told, "dim")),
        as_text(("q quit", "dim")),
    )


def _shares(parts: Sequence[Part], height: int | None) -> list[int]:
    """Return how many rows each table may have; the first ones go first."""
    wanted = [len(part.rows) for part in parts]
    if height is None:
        return wanted
    shares = [0] * len(parts)
    for least in (True, False):
        for index, rows in enumerate(wanted):
            more = min(rows, _LEAST if least else rows) - shares[index]
            title = 0 if shares[index] else _TITLED
            granted = min(more, height - title)
            # One line of several rows would only say how many there are.
            if granted > 0 and (shares[index] or granted >= min(rows, 2)):
                shares[index] += granted
                height -= granted + title
    return shares


def _title(report: Report) -> Text:
    source = Path(report.configuration.source).name if report.configuration.source else "no file"
    told = f"snake {report.version}  up {span(report.uptime)}  process {report.pid}  {source}"
    if report.configuration.attempts:
        told += f"  {report.configuration.attempts} reloads"
    draining = len(report.generations) - 1
    if draining:
        told += f"  {draining} draining"
    return as_text((told, "bold"))


def _summary(rates: Rates, width: int) -> Text:
    total = rates.total
    kinds = [(kind, style) for kind, style in _STYLES.items() if total.statuses.get(kind)]
    told: list[tuple[str, str]] = [
        (f"{rate(total.requests)} req/s", "bold"),
        *((f"{name} {latency(value)}", "") for name, value in _quantiles(total)),
        *((f"{kind} {rate(total.statuses[kind])}", style) for kind, style in kinds),
        (f"{total.site.in_flight} now", ""),
    ]
    while len(told) > 1 and sum(len(text) + GAP for text, _ in told) - GAP > width:
        del told[1]  # quantiles first
    line = Text(no_wrap=True, overflow="ellipsis")
    for text, style in told:
        line.append("  " if line else "").append(text, style)
    return line


def _quantiles(of: SiteRate) -> list[tuple[str, float | None]]:
    return [("p50", of.duration.p50), ("p95", of.duration.p95), ("p99", of.duration.p99)]


_STYLES = {"2xx": "green", "3xx": "", "4xx": "yellow", "5xx": "bold red", "none": "magenta"}
"""The classes of statuses that have a place, with their styles."""


def _sites(rates: Rates) -> Part:
    kinds = [
        kind
        for kind in _STYLES
        if kind != "none" or any(each.statuses.get(kind) for each in rates.sites)
    ]
    servers = ["SERVER"] if len({each.site.server for each in rates.sites}) > 1 else []
    heads = ["SITE", *servers, ">REQ/S", ">P50", ">P95", ">P99"]
    heads += [*(f">{kind}" for kind in kinds), ">NOW"]
    rows: Rows = []
    for each in rates.sites:
        statuses = [each.statuses.get(kind, 0.0) for kind in kinds]
        rows.append(
            (
                each.site.site,
                *([each.site.server] if servers else []),
                rate(each.requests),
                *(latency(value) for _, value in _quantiles(each)),
                *(
                    (rate(value), _STYLES[kind] if value else "dim")
                    for kind, value in zip(kinds, statuses, strict=True)
                ),
                str(each.site.in_flight),
            )
        )
    return Part(heads, rows, [head for head in _SPARE_OF_SITES if head in heads])


def _apps(apps: Sequence[AppRate]) -> tuple[Sequence[str], Rows]:
    heads = ("APP", "IN", ">PROC", ">REQ/S", ">P50", ">P99", ">5xx/S", ">NOW", ">WAIT")
    rows: Rows = [
        (
            name_of(each.app),
            each.app.place,
            (processes_of(each.app), "" if _is_whole(each) else "bold red"),
            rate(each.requests),
            latency(each.duration.p50),
            latency(each.duration.p99),
            (rate(each.errors), "bold red" if each.errors else "dim"),
            str(each.app.in_flight),
            latency(each.queue.p99),
        )
        for each in apps
    ]
    return heads, rows


def _is_whole(each: AppRate) -> bool:
    return each.app.dynamic or len(each.app.pids) >= min(each.app.processes, 1)


def _workers(rates: Rates) -> tuple[Sequence[str], Rows]:
    report = rates.report
    now = report.started + report.uptime
    rows: Rows = [
        (str(each.worker), *_worker(each, rates, now))
        for generation in report.generations
        for each in generation.workers
    ]
    return ("WORKER", ">PROCESS", "STATE", ">CPU", ">MEMORY", ">UP"), rows


_STATES = {"serving": "green", "draining": "yellow", "starting": "yellow", "down": "bold red"}


def _worker(each: Worker, rates: Rates, now: float) -> tuple[Cell, ...]:
    cpu = rates.cpu.get(each.pid) if each.pid is not None else None
    return (
        str(each.pid or NONE),
        (each.state, _STATES.get(each.state, "")),
        f"{cpu:.0%}" if cpu is not None else NONE,
        size(each.resources.resident_memory),
        span(now - each.started) if each.started is not None else NONE,
    )


def _certificates(report: Report) -> tuple[Sequence[str], Rows]:
    """Return those that need attention: they end soon, or something is wrong."""
    now = report.started + report.uptime
    rows: Rows = [
        (
            _cut(each.name, 32),
            (expires(each, now), "bold red" if each.error else "yellow"),
            renews(each, now),
            (each.error.partition("\n")[0] or NONE, "red" if each.error else "dim"),
        )
        for each in report.certificates
        if needs_attention(each, now)
    ]
    return ("CERTIFICATE", "EXPIRES", "RENEWS", "LAST ERROR"), rows


def needs_attention(certificate: Certificate, now: float) -> bool:
    """Whether a certificate ends soon, or cannot be had.

    One that snake renews ends soon when it should have been renewed already.
    """
    if certificate.error or certificate.not_after is None:
        return True
    if certificate.renews is not None:
        return certificate.renews <= now or certificate.not_after - now <= 0
    return certificate.not_after - now <= (NEAR if certificate.managed else SOON)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
