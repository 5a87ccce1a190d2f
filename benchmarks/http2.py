"""HTTP/2 beside Caddy and Caddy Snake: requests on few connections, many at a time.

Each pair runs one and the same Caddyfile, with TLS (a P-256 certificate of an authority of its own)
and without. `h2load -c20 -m10` keeps 10 requests under way on each of 20 connections.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cpu
import install
from load import LoadError, h2load
from processes import Running, StartError, free_ports, running
from tls import await_certificate
from works import APPS

CADDYFILE = """{
	admin off
	skip_install_trust
	http_port %d
	https_port %d
}
http://localhost:%d {
	%s
}
https://localhost {
	tls internal
	%s
}
"""
RESPOND = 'respond "Hello, world!"'
PYTHON = """route /* {
		python {
			module_asgi fastapi_app:app
			working_dir %s
			venv %s
			workers %d
		}
	}"""


@dataclass(frozen=True, slots=True)
class Work:
    """What is asked for, of whom, how many times the other's rate is enough, and workers."""

    title: str
    other: str
    path: str
    scheme: str
    factor: float = 1.0
    workers: int = 1


WORKS = (
    Work("respond, TLS", "caddy", "/", "https"),
    Work("respond", "caddy", "/", "http"),
    Work("FastAPI, TLS", "caddysnake", "/hello", "https", 1.5),
    Work("FastAPI", "caddysnake", "/hello", "http", 1.5),
    Work("FastAPI 2, TLS", "caddysnake", "/hello", "https", 1.5, 2),
    Work("FastAPI 2", "caddysnake", "/hello", "http", 1.5, 2),
)
Row = tuple[float, float, int]
"""Requests a second, microseconds of the server's CPU for each, errors."""


def main() -> int:
    """Measure and print; 1 when a target is missed, or a server did not run."""
    options = _options()
    venv = options.venv or install.ensure(options.python)
    rows: dict[tuple[Work, str], list[Row]] = defaultdict(list)
    works = [work for work in WORKS if not options.work or work.title in options.work]
    for index in range(options.rounds):
        for work in works:
            for name in (("snake", work.other), (work.other, "snake"))[index % 2]:
                try:
                    rows[work, name].append(_once(work, name, venv, options))
                except (StartError, LoadError, OSError) as error:
                    print(f"{work.title}: {name}: {error}", file=sys.stderr)
                    return 1
    met = [_print(work, rows) for work in works]
    return 0 if all(met) else 1


def _once(work: Work, name: str, venv: Path, options: argparse.Namespace) -> Row:
    with _started(work, name, venv) as (server, plain, https):
        port = https if work.scheme == "https" else plain
        url = f"{work.scheme}://localhost:{port}{work.path}"
        h2load(url, options.connections, options.streams, 1)
        before = cpu.seconds(server.pids)
        loaded = h2load(url, options.connections, options.streams, options.seconds)
        used = cpu.seconds(server.pids) - before
    return loaded.rate, used / loaded.answers * 1e6, loaded.errors


@contextmanager
def _started(work: Work, name: str, venv: Path) -> Iterator[tuple[Running, int, int]]:
    """Start a server; give it, and its ports without TLS and with it."""
    with TemporaryDirectory(prefix="snake-bench-") as folder:
        http, https, plain = free_ports(3)
        handler = RESPOND if work.other == "caddy" else PYTHON % (APPS, venv, work.workers)
        config = Path(folder) / "site.caddyfile"
        config.write_text(CADDYFILE % (http, https, plain, handler, handler))
        os.environ["XDG_DATA_HOME"] = os.environ["HOME"] = folder
        program = str(venv / "bin" / name)
        if name == "caddysnake":
            (binary,) = venv.glob("lib/python3*/site-packages/caddysnake-cli")
            program = str(binary)
        command = [program, "run", "--config", str(config)]
        if name != "snake":
            command += ["--adapter", "caddyfile"]
        with running([command], plain, work.path, Path(folder) / "log") as server:
            await_certificate(https)
            yield server, plain, https


def _print(work: Work, rows: dict[tuple[Work, str], list[Row]]) -> bool:
    """Print what was measured of a work; return whether it is enough."""
    (ours, our_cpu, our_errors), (theirs, their_cpu, their_errors) = (
        tuple(statistics.median(column) for column in zip(*rows[work, name], strict=True))
        for name in ("snake", work.other)
    )
    ratio = ours / theirs
    met = ratio >= work.factor and not our_errors
    print(
        f"{work.title:<16}snake {ours:>8,.0f}/s {our_cpu:>6,.0f} us  "
        f"{work.other} {theirs:>8,.0f}/s {their_cpu:>6,.0f} us  "
        f"{'OK  ' if met else 'MISS'} {ratio:.2f} x (at least {work.factor:.1f}), "
        f"errors {our_errors:.0f} and {their_errors:.0f}",
        flush=True,
    )
    return met


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    titles = [work.title for work in WORKS]
    parser.add_argument("--work", nargs="+", choices=titles, help="which of them")
    parser.add_argument("--rounds", type=int, default=3, help="how often each runs (3)")
    parser.add_argument("--seconds", type=int, default=4, help="load in each round (4)")
    parser.add_argument("--connections", type=int, default=20, help="clients at once (20)")
    parser.add_argument("--streams", type=int, default=10, help="requests of each at a time (10)")
    parser.add_argument("--venv", type=Path, help="with all of them, to use as it is")
    parser.add_argument("--python", help="interpreter for all (3.13 or 3.12 if found)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
