"""Replay: requests to the admin API of the real Caddy and of snake, one after the other.

They are in `scenarios/*.toml`. Each scenario begins with a configuration of its own, that both
have loaded. The admin address comes from the environment, so that both have the same JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.caddy import binary, listens_on
from tests.differential.pair import Reply, ask
from tests.server import free_port, running

FOLDER = Path(__file__).parent / "scenarios"
JSON = ("Content-Type", "application/json")


@dataclass(frozen=True)
class Step:
    """One request, and what is known of the answers."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    differs: str
    """Why the bodies are not the same, if they are not."""
    alike: str
    """How they both begin all the same."""
    ignore: frozenset[str]
    """Fields that may differ."""


@dataclass(frozen=True)
class Scenario:
    """A configuration, and what is asked of it."""

    name: str
    config: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Pair:
    """Two admin APIs, by their ports."""

    caddy: int
    snake: int

    def ask(self, step: Step) -> tuple[Reply, Reply]:
        """Send a request to both; return what Caddy and what snake said."""
        one, two = (
            ask(port, step.method, _own(step.target, port), _headers(step, port), step.body)
            for port in (self.caddy, self.snake)
        )
        return one, two


def scenarios() -> list[Scenario]:
    """Return all that there are."""
    return [
        _scenario(table)
        for path in sorted(FOLDER.glob("*.toml"))
        for table in tomllib.loads(path.read_text())["scenario"]
    ]


def _scenario(table: dict[str, Any]) -> Scenario:
    steps = tuple(_step(each) for each in table["requests"])
    return Scenario(table["name"], json.dumps(json.loads(table["config"])), steps)


def _step(given: str | dict[str, Any]) -> Step:
    table: dict[str, Any] = {"ask": given} if isinstance(given, str) else given
    method, target = table["ask"].split(" ", 1)
    headers = tuple(table.get("headers", {}).items())
    body = table.get("body")
    if "json" in table:
        body, headers = table["json"], (*headers, JSON)
    return Step(
        method,
        target,
        headers,
        None if body is None else body.encode("latin-1"),
        table.get("differs", ""),
        table.get("alike", ""),
        frozenset(table.get("ignore", ())),
    )


def _own(text: str, port: int) -> str:
    return text.replace("PORT", str(port))


def _headers(step: Step, port: int) -> list[tuple[str, str]]:
    return [(name, _own(value, port)) for name, value in step.headers]


def faults(scenario: Scenario, pair: Pair) -> Iterator[str]:
    """Play a scenario; yield what the two do not have in common."""
    headers = (JSON, ("Cache-Control", "must-revalidate"))
    step = Step("POST", "/load", headers, scenario.config.encode(), "", "", frozenset())
    caddy, snake = pair.ask(step)
    assert (caddy.status, snake.status) == (200, 200), (caddy, snake)
    for step in scenario.steps:
        caddy, snake = pair.ask(step)
        if not _is_right(step, caddy, snake):
            yield f"{scenario.name}\n  {step}\n    caddy {caddy}\n    snake {snake}"


def _is_right(step: Step, caddy: Reply, snake: Reply) -> bool:
    ignored = {*step.ignore, "snake-unchanged"}  # a field of snake's own
    if step.differs:
        ignored |= {"content-length", "body"}
        begins = all(_error(reply).startswith(step.alike) for reply in (caddy, snake))
        if caddy.body == snake.body or not begins:
            return False
    return caddy.without(ignored) == snake.without(ignored)


def _error(reply: Reply) -> str:
    try:
        value = json.loads(reply.body)
    except ValueError:
        return reply.body.decode()
    return str(value["error"]) if isinstance(value, dict) and "error" in value else str(value)


@contextmanager
def both(folder: Path) -> Iterator[Pair]:
    """Run Caddy and snake with an admin API and nothing else."""
    for name in ("caddy", "snake"):
        (folder / name).mkdir()
    caddy, snake = free_port(), free_port()
    process = subprocess.Popen(
        [binary(), "run"],
        cwd=folder / "caddy",
        env=os.environ
        | {"XDG_CONFIG_HOME": str(folder / "caddy"), "XDG_DATA_HOME": str(folder / "caddy")}
        | {"CADDY_ADMIN": f"localhost:{caddy}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        env = {"CADDY_ADMIN": f"localhost:{snake}"}
        with running("{}", folder / "snake", name="config.json", env=env) as server:
            server.wait_for("admin endpoint started")
            listens_on(caddy, process)
            yield Pair(caddy, snake)
    finally:
        process.terminate()
        process.wait(10)
