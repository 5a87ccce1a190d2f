"""What an access log costs: the same site with a log to a file, and without one.

Both servers run all the time, and get the same load in turn. What is printed is the CPU time of
a request, of all processes of a server, and the ratio of the two in this run. Needs wrk and the
environment of the tests: `.venv/bin/python benchmarks/logs.py`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

import cpu
import load
from processes import Running, free_ports, running

MICRO = 1e6
CONNECTIONS = 50
FIELDS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Cookie": "session=4f9d8a7c6b5e4d3c2b1a",
}
"""What a browser sends."""
APPS = Path(__file__).resolve().parent / "apps"
LOG = "log {\n\toutput file %s\n}\n"


class Work(NamedTuple):
    """What a site does."""

    title: str
    directive: str


WORKS = (
    Work("respond", 'respond "Hello, World!"'),
    Work("FastAPI", f"python {{\n\tmodule_asgi fastapi_app:app\n\tworking_dir {APPS}\n}}"),
)


def site(work: Work, port: int, log: str) -> str:
    """Return a Caddyfile."""
    return f"{{\n\tadmin off\n}}\nhttp://127.0.0.1:{port} {{\n{log}{work.directive}\n}}\n"


def started(stack: ExitStack, work: Work, folder: Path, log: str) -> Running:
    """Start snake with a site."""
    (port,) = free_ports(1)
    config = folder / f"Caddyfile{port}"
    config.write_text(site(work, port, log))
    command = [sys.executable, "-m", "snake", "run", "--config", str(config)]
    return stack.enter_context(running([command], port, "/hello", folder / f"{port}.txt"))


def cost(server: Running, seconds: int) -> float:
    """Return the CPU seconds of a request under load."""
    before = cpu.seconds(server.pids)
    seen = load.wrk(f"http://127.0.0.1:{server.port}/hello", CONNECTIONS, seconds, FIELDS)
    if seen.errors:
        sys.exit(f"{seen.errors} errors; see {server.log}")
    return (cpu.seconds(server.pids) - before) / seen.answers


def measure(work: Work, rounds: int, seconds: int) -> str:
    """Return the line of one kind of site."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        os.environ |= {"XDG_DATA_HOME": name, "XDG_CONFIG_HOME": name}
        log = LOG % (folder / "access.log")
        silent, logging = (started(stack, work, folder, text) for text in ("", log))
        pairs = [(cost(silent, seconds), cost(logging, seconds)) for _ in range(rounds)]
    without, with_log = (median(pair[side] for pair in pairs) * MICRO for side in (0, 1))
    ratio = median(pair[1] / pair[0] for pair in pairs)
    return f"{work.title:<10}{without:>8.1f} µs{with_log:>8.1f} µs{ratio:>8.3f} x"


def main() -> None:
    """Measure and print every kind."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="of each server (3)")
    parser.add_argument("--seconds", type=int, default=2, help="of load in a round (2)")
    options = parser.parse_args()
    for work in WORKS:
        print(measure(work, options.rounds, options.seconds), flush=True)


if __name__ == "__main__":
    main()
