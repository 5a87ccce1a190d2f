"""How much a long list of routes or hosts costs a request.

The same site is made with 10 and with 10,000 of its kind, and a request for the last of them,
and for none of them, runs from its bytes to its response in this process, without a socket.
What is printed is the CPU time of one and the ratio of the two in this run.
Needs the environment of the tests: `.venv/bin/python benchmarks/routes.py`.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from time import perf_counter
from typing import NamedTuple

import drive
import uvloop

from snake.adapter.adapt import adapt
from snake.engine.provision import provision
from snake.standard import catalogue

FEW = 10
MICRO = 1e6
OPTIONS = "{\n\tadmin off\n\tauto_https off\n}\n"


def one_site(lines: str) -> str:
    """Return a Caddyfile of one site."""
    return f"{OPTIONS}:80 {{\n{lines}\n}}\n"


class Kind(NamedTuple):
    """A kind of site: how many there are at most, and how it is written and asked."""

    title: str
    most: int
    text: Callable[[int], str]
    target: str
    """With `%d` for the number of the one that is asked for."""
    host: str = "example.test"

    def ask(self, number: int) -> bytes:
        """Return the request for one of them."""
        path, host = (text.replace("%d", str(number)) for text in (self.target, self.host))
        return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def handles(count: int) -> str:
    """Return a site of so many `handle`s for a prefix."""
    own = (f"handle /p{n}/* {{\n\trespond {n}\n}}" for n in range(count))
    return one_site("\n".join([*own, "handle {\n\trespond none\n}"]))


def redirects(count: int) -> str:
    """Return a site of so many redirects."""
    return one_site("\n".join(f"redir /old-{n} /new-{n}" for n in range(count)))


def named(count: int) -> str:
    """Return a site of so many named matchers of two kinds, in a route."""
    own = (
        f"@m{n} {{\n\tpath /m{n} /n{n}/*\n\tmethod GET\n}}\nrespond @m{n} {n}" for n in range(count)
    )
    return one_site("route {\n" + "\n".join(own) + "\n}")


def hosts(count: int) -> str:
    """Return so many sites."""
    return OPTIONS + "".join(f"http://h{n}.test {{\n\trespond {n}\n}}\n" for n in range(count))


def wildcards(count: int) -> str:
    """Return so many sites for every name below a name."""
    return OPTIONS + "".join(f"http://*.h{n}.test {{\n\trespond {n}\n}}\n" for n in range(count))


def sites_by_path(count: int) -> str:
    """Return so many sites of one name, each below a path."""
    return OPTIONS + "".join(
        f"http://example.test/s{n}* {{\n\trespond {n}\n}}\n" for n in range(count)
    )


KINDS = (
    Kind("handle /pN/*", 10_000, handles, "/p%d/x"),
    Kind("redir /old-N /new-N", 10_000, redirects, "/old-%d"),
    Kind("@mN with path and method", 10_000, named, "/n%d/x"),
    Kind("hN.test", 2_000, hosts, "/", "h%d.test"),
    Kind("*.hN.test", 2_000, wildcards, "/", "a.h%d.test"),
    Kind("example.test/sN*", 2_000, sites_by_path, "/s%d"),
)


class Cost(NamedTuple):
    """What one size of a site costs: seconds to load it, CPU seconds of a request."""

    load: float
    last: float
    none: float


async def cost(kind: Kind, count: int, requests: int) -> Cost:
    """Load a site and drive requests through it."""
    async with AsyncExitStack() as stack:
        began = perf_counter()
        document, _ = adapt(kind.text(count), "Caddyfile", catalogue())
        (server,) = await provision(document, stack)
        load = perf_counter() - began
        asked = (kind.ask(count - 1), kind.ask(kind.most))
        last, none = [await drive.transport(server.app, requests, each) for each in asked]
    return Cost(load, last, none)


def report(kind: Kind, few: Cost, many: Cost) -> str:
    """Return the lines of one kind."""
    lines = [f"{kind.title}: {FEW} and {kind.most:,}, which load in {many.load:.1f} s"]
    for name, one, other in (
        ("for the last", few.last, many.last),
        ("for none", few.none, many.none),
    ):
        lines.append(
            f"  {name:<14}{one * MICRO:>8.1f} µs{other * MICRO:>8.1f} µs{other / one:>8.2f} x"
        )
    return "\n".join(lines)


async def measure(kind: Kind, requests: int) -> str:
    """Measure one kind in both sizes."""
    return report(kind, await cost(kind, FEW, requests), await cost(kind, kind.most, requests))


def main() -> None:
    """Measure and print every kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=20_000, help="of each kind (20000)")
    options = parser.parse_args()
    for kind in KINDS:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            print(runner.run(measure(kind, options.requests)), flush=True)


if __name__ == "__main__":
    main()
