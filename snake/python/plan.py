"""Plan: what a configuration asks of the processes that will run its Python apps.

The supervisor reads it before any worker exists, so nothing here imports an app.
"""

from __future__ import annotations

import os

from snake.config.document import Document
from snake.core.errors import ConfigError
from snake.core.record import Record
from snake.python.isolation import check_isolation
from snake.python.placement import Placed, placements
from snake.python.values import MAX_WORKERS, START_TIMEOUT, start_timeout_seconds, worker_count


class AppPlan(Record):
    """One `python` handler of the document, and what it asks for."""

    placed: Placed
    workers: int | None
    """The processes that it asks for; `None` for as many as there are CPUs."""
    start_timeout: float | None
    """Seconds; `None` for no limit."""

    @property
    def path(self) -> str:
        """Its place in the document."""
        return self.placed.path

    @property
    def name(self) -> str:
        """The app, as `module:attribute`."""
        return self.placed.fields.name


def apps(document: Document) -> list[AppPlan]:
    """Return every `python` handler. Raises `ConfigError` for a value that is none, with its place.

    A handler that is no module at all (a field of the wrong type) is left to
    the module system, which says it better.
    """
    return [_plan(placed) for placed in placements(document)]


def embedded(plans: list[AppPlan]) -> list[AppPlan]:
    """Return those that run in the workers."""
    return [plan for plan in plans if not plan.placed.pooled]


def processes(plans: list[AppPlan]) -> tuple[int, str]:
    """Return how many workers to run for their embedded apps, and why so many."""
    asked = sorted({plan.workers for plan in embedded(plans) if plan.workers})
    if not asked:
        return cpu_count(), "one for each CPU"
    if len(asked) == 1:
        return asked[0], f"workers {asked[0]}"
    counts = ", ".join(map(str, asked))
    return asked[0], f"the least of workers {counts}: no app gets more than it asks for"


def in_threads(plans: list[AppPlan]) -> bool:
    """Whether the workers are threads of one process: if an embedded app says so."""
    return any(plan.placed.fields.workers_runtime == "thread" for plan in embedded(plans))


def preloads(plans: list[AppPlan]) -> bool:
    """Whether any embedded app is to be loaded before there are workers."""
    return any(plan.placed.fields.preload == "on" for plan in embedded(plans))


class StartLimit(Record):
    """How long a worker may take to become ready, and what is wrong when it takes longer."""

    seconds: float | None
    """`None` for no limit."""
    reason: str = ""
    path: str = ""
    """The place of the app; empty when there are several."""


def start_limit(plans: list[AppPlan]) -> StartLimit:
    """Return the limit for a process that starts all of these apps.

    Apps start one after another, and one that is named twice starts once.
    """
    by_name = {plan.name: plan for plan in plans}
    limits = [plan.start_timeout for plan in by_name.values()]
    seconds = [limit for limit in limits if limit is not None]
    if len(seconds) < len(limits):
        return StartLimit(None)
    if not by_name:
        return StartLimit(START_TIMEOUT, f"the worker was not ready within {START_TIMEOUT:g} s")
    names = " and ".join(f'"{name}"' for name in by_name)
    total = sum(seconds)
    if len(by_name) == 1:
        reason = f"the app {names} was not ready within its start_timeout of {total:g} s"
        return StartLimit(total, reason, next(iter(by_name.values())).path)
    reason = f"the apps {names} were not ready within {total:g} s, their start_timeout together"
    return StartLimit(total, reason)


def cpu_count() -> int:
    """Return how many CPUs this process may use, at most `MAX_WORKERS`."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # neither macOS nor Windows has it
        count = os.cpu_count() or 1
    return min(count, MAX_WORKERS)


def _plan(placed: Placed) -> AppPlan:
    fields = placed.fields
    try:
        check_isolation(fields.isolation)
    except ConfigError as error:
        raise ConfigError(error.message, f"{placed.path}/isolation/{error.path}") from None
    try:
        # One for each CPU is many for each of a hundred tenants.
        workers = worker_count(fields.workers) or (1 if fields.dynamic else None)
        return AppPlan(placed, workers, start_timeout_seconds(fields.start_timeout))
    except ConfigError as error:
        raise ConfigError(error.message, placed.path) from None
