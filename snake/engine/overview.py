"""Overview: what a person wants to know of each app at one glance."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from snake.core.record import Record
from snake.python.interpreter import venv_of
from snake.python.plan import AppPlan, cpu_count, embedded, in_threads, processes


class AppView(Record):
    """One app: where it runs, and on what."""

    name: str
    pooled: bool
    reason: str
    processes: int
    python: str
    """The version of its interpreter; empty when that depends on the request."""
    working_dir: str
    venv: str
    """The folder of its packages; empty when they are those of its interpreter."""
    dynamic: bool = False
    """Whether requests choose it, by placeholders."""

    @property
    def place(self) -> str:
        """Where it runs, as in `app runs in a pool`."""
        return "in a pool" if self.pooled else "in the workers"

    @property
    def fields(self) -> dict[str, object]:
        """What the log says of it."""
        told = {"app": self.name, "because": self.reason, "processes": self.processes}
        more = {"python": self.python, "working_dir": self.working_dir, "venv": self.venv}
        return told | {name: text for name, text in more.items() if text}

    @property
    def line(self) -> str:
        """All of it in one line."""
        count = f"{self.processes} process{'es' if self.processes != 1 else ''}"
        python = f"Python {self.python}" if self.python else ""
        venv = f"venv {self.venv}" if self.venv else ""
        folder = f" in {self.working_dir}" if self.working_dir else ""
        parts = ", ".join(filter(None, (count, python, venv)))
        return f"{self.name}{folder} runs {self.place}: {self.reason}; {parts}"


def overview(plans: list[AppPlan], pythons: Mapping[str, str]) -> list[AppView]:
    """Return the view of every app once, whatever the number of its handlers.

    `pythons` are the versions of the interpreters of pools, by the places of their handlers.
    """
    return list(by_view(plans, pythons))


def by_view(plans: list[AppPlan], pythons: Mapping[str, str]) -> dict[AppView, list[str]]:
    """Return the places of the handlers of every app."""
    cwd = Path.cwd()
    workers, _ = processes(plans) if embedded(plans) else (0, "")
    views: dict[AppView, list[str]] = {}
    for plan in plans:
        placed = plan.placed
        count = (plan.workers or cpu_count()) if placed.pooled else workers
        if (placed.fields.workers_runtime == "thread") if placed.pooled else in_threads(plans):
            count = 1
        ours = "" if placed.fields.dynamic else ".".join(map(str, sys.version_info[:3]))
        venv = None if placed.fields.dynamic else venv_of(placed.fields, cwd)
        view = AppView(
            name=plan.name,
            pooled=placed.pooled,
            reason=placed.reason,
            processes=count,
            python=pythons.get(plan.path, "") if placed.pooled else ours,
            working_dir=placed.fields.working_dir,
            venv=str(venv or ""),
            dynamic=bool(placed.fields.dynamic),
        )
        views.setdefault(view, []).append(plan.path)
    return views
