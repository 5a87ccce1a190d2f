"""One frame of `snake top`, for a terminal of any size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from snake.cli.quantities import NONE, latency, rate, size, span
from snake.cli.status import expires, name_of, processes_of, renews
from snake.core.text import visible
from snake.metrics.rates import AppRate, Rates, SiteRate
from snake.metrics.report import Certificate, Report, Worker

SOON = 30 * 86_400.0
"""Seconds before its end from which a certificate is shown that is renewed by nobody."""
NEAR = 7 * 86_400.0
"""Seconds before its end from which any is."""
_WIDE = 110
"""Columns from which there is room for more of each site."""
_TITLED = 2
"""Lines of a table beside its rows: a blank one, and its heads."""
_LEAST = 3
"""Rows that a table has at least, if it has so many."""
_GAP, _NARROWEST = 2, 8
"""Columns between two cells, and of the name of something."""

Cell = str | tuple[str, str]
"""A text, or one with its style."""
Rows = list[tuple[Cell, ...]]


class Part:
    """A table: heads, of which those to the right begin with `>`, and rows."""

    def __init__(self, heads: Sequence[str], rows: Rows, longest: int = 0) -> None:
        """Make a table whose `longest` column is cut where there is no room for all of it."""
        self.rows = rows
        self._heads = heads
        self._longest = longest

    def drawn(self, most: int, width: int) -> list[RenderableType]:
        """Return it with at most so many rows; what is left out is counted in the last."""
        shown = self.rows if len(self.rows) <= most else self.rows[: max(most - 1, 0)]
        table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False)
        cells = [[_text(cell) for cell in row] for row in shown]
        for index, head in enumerate(self._heads):
            table.add_column(
                head.lstrip(">"),
                justify="right" if head.startswith(">") else "left",
                no_wrap=True,
                overflow="ellipsis",
                header_style="dim bold" if index else "bold",
                max_width=self._room(cells, width) if index == self._longest else None,
            )
        for row in cells:
            table.add_row(*row)
        left = len(self.rows) - len(shown)
        more: list[RenderableType] = [_text((f"and {left} more", "dim"))] if left else []
        return [Text(""), table, *more]

    def _room(self, cells: Sequence[Sequence[Text]], width: int) -> int:
        """Return how wide the longest column may be."""
        others = 0
        for index, head in enumerate(self._heads):
            if index != self._longest:
                widths = [row[index].cell_len for row in cells]
                others += max([len(head.lstrip(">")), *widths]) + _GAP
        return max(width - others, _NARROWEST)


def frame(rates: Rates, fault: str, width: int, height: int | None) -> RenderableType:
    """Return what there is to see in so many columns and lines; `None` is as many as it takes."""
    report = rates.report
    head = [_title(report), _summary(rates)]
    if fault:
        head.append(_text((fault, "bold red")))
    problems = [_text((problem.partition("\n")[0], "red")) for problem in report.problems]
    head += problems if height is None else problems[: max(height // 8, 1)]
    parts = [
        Part(*_sites(rates, width)),
        Part(*_apps(rates.apps, width)),
        Part(*_workers(rates)),
        Part(*_certificates(report), longest=3),
    ]
    parts = [part for part in parts if part.rows]
    foot: list[RenderableType] = []
    if height is not None:
        foot = [_text(("q quit", "dim"))]
        height -= len(head) + len(foot)
    drawn = [
        line
        for part, most in zip(parts, _shares(parts, height), strict=True)
        if most
        for line in part.drawn(most, width)
    ]
    return Group(*head, *drawn, *foot)


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
            if granted > 0:
                shares[index] += granted
                height -= granted + title
    return shares


def _text(cell: Cell) -> Text:
    text, style = cell if isinstance(cell, tuple) else (cell, "")
    return Text(visible(text).replace("\n", " "), style, no_wrap=True, overflow="ellipsis")


def _title(report: Report) -> Text:
    source = Path(report.configuration.source).name if report.configuration.source else "no file"
    told = f"snake {report.version}  up {span(report.uptime)}  process {report.pid}  {source}"
    if report.configuration.attempts:
        told += f"  {report.configuration.attempts} reloads"
    draining = len(report.generations) - 1
    if draining:
        told += f"  {draining} draining"
    return _text((told, "bold"))


def _summary(rates: Rates) -> Text:
    total = rates.total
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{rate(total.requests)} req/s", "bold")
    for name, value in _quantiles(total):
        line.append(f"  {name} {latency(value)}")
    for kind, style in _STYLES.items():
        if total.statuses.get(kind):
            line.append(f"  {kind} {rate(total.statuses[kind])}", style)
    line.append(f"  {total.site.in_flight} now")
    return line


def _quantiles(of: SiteRate) -> list[tuple[str, float | None]]:
    return [("p50", of.duration.p50), ("p95", of.duration.p95), ("p99", of.duration.p99)]


_STYLES = {"2xx": "green", "3xx": "", "4xx": "yellow", "5xx": "bold red", "none": "magenta"}
"""The classes of statuses that have a place, with their styles."""


def _sites(rates: Rates, width: int) -> tuple[Sequence[str], Rows]:
    kinds = [kind for kind in _STYLES if kind != "none" or width >= _WIDE]
    heads = ("SITE", ">REQ/S", ">P50", ">P95", ">P99", *(f">{kind}" for kind in kinds), ">NOW")
    servers = len({each.site.server for each in rates.sites}) > 1
    rows: Rows = []
    for each in rates.sites:
        name = each.site.site
        if servers and width >= _WIDE:
            name = f"{name} ({each.site.server})"
        statuses = [each.statuses.get(kind, 0.0) for kind in kinds]
        rows.append(
            (
                name,
                rate(each.requests),
                *(latency(value) for _, value in _quantiles(each)),
                *(
                    (rate(value), _STYLES[kind] if value else "dim")
                    for kind, value in zip(kinds, statuses, strict=True)
                ),
                str(each.site.in_flight),
            )
        )
    return heads, rows


def _apps(apps: Sequence[AppRate], width: int) -> tuple[Sequence[str], Rows]:
    middle = (">P50",) if width >= _WIDE else ()
    heads = ("APP", "IN", ">PROC", ">REQ/S", *middle, ">P99", ">5xx/S", ">NOW", ">WAIT")
    rows: Rows = [
        (
            name_of(each.app),
            each.app.place,
            (processes_of(each.app), "" if _is_whole(each) else "bold red"),
            rate(each.requests),
            *([latency(each.duration.p50)] if middle else []),
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
