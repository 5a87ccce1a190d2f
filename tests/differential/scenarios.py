"""Scenarios: sites and requests, and what Caddy and snake answer to them.

They are in `scenarios/*.toml`. To see the answers of some::

    python -m tests.differential.scenarios rewrite.toml 'strip_prefix'
"""

from __future__ import annotations

import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from json import dumps, loads
from pathlib import Path
from typing import Any

from tests.differential import files
from tests.differential.pair import Pair, Reply, pair
from tests.differential.upstream import upstream
from tests.php import php_fpm
from tests.server import free_port, free_ports

FOLDER = Path(__file__).parent / "scenarios"
_KNOWN = {"name", "site", "json", "requests", "options", "whole", "files", "differs", "ignore"}


_BAD_GATEWAY = 502


@dataclass(frozen=True)
class Ask:
    """One request."""

    method: str = "GET"
    target: str = "/"
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | None = None
    raw: bytes | None = None

    def __str__(self) -> str:
        """Return it as it stands in the file, more or less."""
        if self.raw is not None:
            return repr(self.raw)
        fields = " ".join(f"{name}={value!r}" for name, value in self.headers)
        return f"{self.method} {self.target} {fields}".rstrip()


@dataclass(frozen=True)
class Scenario:
    """A site, and the requests that both servers get."""

    name: str
    requests: tuple[Ask, ...]
    site: str = ""
    json: str = ""
    """Instead of a site: the JSON of a server, less where it listens."""
    options: str = ""
    whole: str = ""
    files: dict[str, Any] = field(default_factory=dict)
    differs: str = ""
    ignore: tuple[str, ...] = ()

    @property
    def needs_php(self) -> bool:
        """Whether php-fpm is one of its upstreams: `{$PHP}`."""
        return "{$PHP}" in self.site + self.whole

    @property
    def alone(self) -> bool:
        """Whether it needs servers of its own."""
        return bool(self.options or self.whole)


@dataclass(frozen=True)
class Answers:
    """What both servers said to one request of a scenario."""

    scenario: Scenario
    ask: Ask
    caddy: Reply
    snake: Reply

    @property
    def right(self) -> bool:
        """Whether they are equal; or are not, where they differ on purpose."""
        ignored = {*self.scenario.ignore}
        if all(name != "content-length" for name, _ in self.caddy.fields):
            # It is up to a server whether it tells the length to HEAD, or sends chunks.
            ignored.add("content-length")
        equal = self.caddy.without(ignored) == self.snake.without(ignored)
        return equal is not bool(self.scenario.differs)

    def __str__(self) -> str:
        """Return both answers, one above the other, or the one that they have in common."""
        asked = f"{self.scenario.name}\n  {self.ask}"
        if self.caddy == self.snake:
            return f"{asked}\n    both  {self.caddy}"
        return f"{asked}\n    caddy {self.caddy}\n    snake {self.snake}"


def read(path: Path) -> list[Scenario]:
    """Read the scenarios of a file."""
    return [_scenario(table) for table in tomllib.loads(path.read_text())["scenario"]]


def _scenario(table: dict[str, Any]) -> Scenario:
    assert _KNOWN.issuperset(table), f"{table['name']}: {sorted(set(table) - _KNOWN)}"
    requests = tuple(_ask(each) for each in table.pop("requests"))
    return Scenario(**{**table, "requests": requests, "ignore": tuple(table.get("ignore", ()))})


def _ask(given: str | dict[str, Any]) -> Ask:
    table: dict[str, Any] = {"ask": given} if isinstance(given, str) else given
    if "raw" in table:
        return Ask(raw=table["raw"].encode("latin-1"))
    method, target = table["ask"].split(" ", 1)
    headers = [
        (name, value)
        for name, values in table.get("headers", {}).items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    body = table.get("body")
    return Ask(method, target, headers, None if body is None else body.encode())


def answers(scenarios: Sequence[Scenario], folder: Path) -> Iterator[Answers]:
    """Serve scenarios with both servers, and yield what they say to every request."""
    with _upstreams(scenarios, folder) as words:
        for kind in ("site", "json"):
            together = [each for each in scenarios if getattr(each, kind) and not each.alone]
            if together:
                yield from _together(together, words, _new(folder, kind))
        for number, scenario in enumerate(scenarios):
            if scenario.alone:
                yield from _alone(scenario, words, _new(folder, str(number)))


def _new(folder: Path, name: str) -> Path:
    inner = folder / name
    inner.mkdir()
    return inner


@contextmanager
def _upstreams(scenarios: Sequence[Scenario], folder: Path) -> Iterator[dict[str, str]]:
    """Run the upstreams that are needed, and give the words that name them in a site."""
    with ExitStack() as stack:
        words = {
            "{$UPSTREAM}": f"127.0.0.1:{stack.enter_context(upstream())}",
            "{$UPSTREAM2}": f"127.0.0.1:{stack.enter_context(upstream('2'))}",
            "{$DEAD}": f"127.0.0.1:{free_port()}",
        }
        if any(scenario.needs_php for scenario in scenarios):
            address = f"127.0.0.1:{free_port()}"
            words["{$PHP}"] = stack.enter_context(php_fpm(_new(folder, "php"), address))
        yield words


def _together(
    scenarios: Sequence[Scenario], words: dict[str, str], folder: Path
) -> Iterator[Answers]:
    """One config for all, each scenario on a port of its own: `PORT0`, `PORT1`, ..."""
    sites = []
    for number, scenario in enumerate(scenarios):
        own = words | _files(scenario, folder / "files" / str(number))
        sites.append(_filled(scenario.json or scenario.site, own))
    with _serving(sites, folder, json=bool(scenarios[0].json)) as pairs:
        for scenario, both in zip(scenarios, pairs, strict=True):
            yield from _asked(scenario, both)


@contextmanager
def _serving(sites: Sequence[str], folder: Path, *, json: bool) -> Iterator[list[Pair]]:
    with ExitStack() as stack:
        free = free_ports(2 * len(sites))
        ports = {"caddy": free[::2], "snake": free[1::2]}
        write = _document if json else _caddyfile
        texts = {name: write(sites, ports[name]) for name in ports}
        file = "config.json" if json else "Caddyfile"
        stack.enter_context(pair(texts, folder, workers=1, name=file))
        yield [Pair(*both) for both in zip(ports["caddy"], ports["snake"], strict=True)]


def _caddyfile(sites: Sequence[str], ports: Sequence[int]) -> str:
    numbered = zip(ports, sites, strict=True)
    return "".join(f"http://:{port} {{\n{site}\n}}\n" for port, site in numbered)


def _document(servers: Sequence[str], ports: Sequence[int]) -> str:
    own = {
        f"srv{number}": {
            "listen": [f":{port}"],
            "automatic_https": {"disable": True},
            **loads(server),
        }
        for number, (port, server) in enumerate(zip(ports, servers, strict=True))
    }
    admin = {"disabled": True, "config": {"persist": False}}
    return dumps({"admin": admin, "apps": {"http": {"servers": own}}})


def _alone(scenario: Scenario, words: dict[str, str], folder: Path) -> Iterator[Answers]:
    own = words | _files(scenario, folder / "files")
    site = scenario.whole or f"http://:PORT {{\n{scenario.site}\n}}\n"
    with pair(
        _filled(site, own), folder, options=_filled(scenario.options, own), workers=1
    ) as both:
        yield from _asked(scenario, both)


def _files(scenario: Scenario, folder: Path) -> dict[str, str]:
    folder.mkdir(parents=True)
    files.write(folder, scenario.files)
    return {"{$FILES}": str(folder)}


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def _asked(scenario: Scenario, both: Pair) -> Iterator[Answers]:
    for ask in scenario.requests:
        given = Answers(scenario, ask, *_replies(ask, both))
        if not given.right and _BAD_GATEWAY in (given.caddy.status, given.snake.status):
            # Either may have met an upstream's connection at the moment that it was closed.
            given = Answers(scenario, ask, *_replies(ask, both))
        yield given


def _replies(ask: Ask, both: Pair) -> tuple[Reply, Reply]:
    if ask.raw is not None:
        return both.say(ask.raw)
    return both.ask(ask.target, ask.method, ask.headers, ask.body, host="example.test")


def main(name: str, part: str = "") -> None:
    """Print the answers to the scenarios of a file whose names have `part` in them."""
    scenarios = [scenario for scenario in read(FOLDER / name) if part in scenario.name]
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for given in answers(scenarios, Path(folder)):
            sys.stdout.write(f"{'' if given.right else 'WRONG '}{given}\n")
            wrong += not given.right
    sys.stdout.write(f"{wrong} wrong\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
