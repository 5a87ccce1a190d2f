"""Reload under load: not one request may fail, and the slow ones may be little slower.

Half of the clients ask without a pause on connections that they keep, a quarter make a
connection for each request, and a quarter keep theirs idle for a while between two requests,
so that some of those begin just when the old workers end. First they all run without a
reload, then with one after another, by each way in turn that there is to reload; a reload is
over when as many new processes have answered as there are workers.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from statistics import median

import clients
import install
import reload_ways
from clients import Client, Seen, Style
from contenders import started
from processes import Running, StartError
from reload_ways import Reloaded
from works import App

APPS = {
    each.name: each
    for each in (
        App(
            name="fastapi",
            title="FastAPI, 2 workers",
            interface="asgi",
            module="identified_asgi:app",
            contenders=("snake reloaded",),
            workers=2,
        ),
        App(
            name="flask",
            title="Flask, 2 workers",
            interface="wsgi",
            module="identified_wsgi:app",
            contenders=("snake reloaded",),
            workers=2,
        ),
    )
}
MOST = 3.0
"""What the p99 with reloads may be, times the quiet one."""


def main() -> int:
    """Measure and print; 1 when a request failed, the p99 is too high or a reload never came."""
    options = _options()
    return clients.run(_main(install.ensure(options.python), options))


async def _main(venv: Path, options: argparse.Namespace) -> int:
    met = True
    for name in options.app:
        work = APPS[name]
        quiet, reloading = [], []
        for index in range(options.runs):
            try:
                with started("snake reloaded", work, venv) as server:
                    pair = await _run(server, work, options)
            except (StartError, TimeoutError) as error:
                print(f"{name}: {str(error) or 'a reload was not over in time'}", file=sys.stderr)
                return 1
            print(_line(f"{work.title}, run {index + 1}", *pair), flush=True)
            quiet.append(pair[0])
            reloading.append(pair[1])
        met &= _judge(work, quiet, reloading)
    return 0 if met else 1


async def _run(server: Running, work: App, options: argparse.Namespace) -> tuple[Seen, Seen]:
    """Return what the clients saw without reloads, and with them."""
    folder = server.log.parent
    config, admin = folder / "python.caddyfile", folder / "admin.sock"
    reloaded = Reloaded(server.pids[0], config, admin, [sys.executable, "-m", "snake"])
    client = partial(Client, server.port, work.path)
    styles = _styles(options.connections)
    await clients.quiet(client, styles, options.seconds / 2)
    quiet = await clients.quiet(client, styles, options.seconds)
    seen, over = Seen(), asyncio.Event()
    loading = asyncio.create_task(clients.load(client, styles, over, seen))
    try:
        for index in range(options.reloads):
            await asyncio.sleep(options.pause)
            answered = len(seen.processes)
            await reload_ways.WAYS[options.by[index % len(options.by)]](reloaded)
            async with asyncio.timeout(options.patience):
                await seen.until_processes(answered + work.workers)
        await asyncio.sleep(options.pause)
    finally:
        over.set()
        await loading
    return quiet, seen


def _styles(connections: int) -> list[Style]:
    order = (Style.BUSY, Style.NEW, Style.BUSY, Style.IDLE)
    return [order[index % len(order)] for index in range(connections)]


def _line(title: str, quiet: Seen, reloading: Seen) -> str:
    return (
        f"{title}: {reloading.begun:,} requests, {reloading.failed} failed,"
        f" {len(reloading.processes)} processes,"
        f" p99 {reloading.p99:.1f} ms, quiet {quiet.p99:.1f} ms"
    )


def _judge(work: App, quiet: list[Seen], reloading: list[Seen]) -> bool:
    failures = sum((each.failures for each in (*quiet, *reloading)), Counter[str]())
    for why, count in failures.most_common():
        print(f"  {count} x {why}")
    ratio = median(b.p99 / a.p99 for a, b in zip(quiet, reloading, strict=True))
    met = not failures and ratio < MOST
    print(
        f"{'OK' if met else 'MISS'}  {work.title}: {failures.total()} failed (0),"
        f" p99 {ratio:.2f} x the quiet one (under {MOST:g}, median of the runs)"
    )
    return met


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--app", nargs="+", choices=APPS, default=list(APPS), help="which apps")
    ways = list(reload_ways.WAYS)
    parser.add_argument("--by", nargs="+", choices=ways, default=ways, help="how to reload (all)")
    parser.add_argument("--runs", type=int, default=10, help="for each app (10)")
    parser.add_argument("--reloads", type=int, default=20, help="in each run (20)")
    parser.add_argument("--connections", type=int, default=100, help="clients at once (100)")
    parser.add_argument("--seconds", type=float, default=5, help="of load without reloads (5)")
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between reloads (0.5)")
    parser.add_argument("--patience", type=float, default=30, help="seconds for a reload (30)")
    parser.add_argument("--python", help="interpreter (3.13 or 3.12 if found)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
