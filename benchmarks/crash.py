"""Kill one of two workers under load, and count what fails and how long one of them is missing.

The clients keep one connection each, so that at most one request of each is lost with the
worker. Others ask on new connections all the while: the first answer of a process that never
answered before says that both workers serve again. The app tells how long its own import
took in that process; that is taken off.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

import clients
import install
from clients import Client, NoAnswerError, Seen, Style
from contenders import started
from processes import Running, StartError
from reloads import APPS as EMBEDDED
from works import App

POOL = replace(EMBEDDED["fastapi"], name="fastapipool", title="FastAPI in a pool", apart=True)
APPS = {**EMBEDDED, POOL.name: POOL}

MOST_FAILED = 6
MOST_SECONDS = 0.2
"""Until both serve again, beyond the import of the app."""
PROBES = 8
"""Connections at once that look for the new process."""


class Result(NamedTuple):
    """One run."""

    seen: Seen
    restored: float
    """Seconds from the kill to the first answer of the new process."""
    imported: float
    """Seconds of these that the app's import took."""

    @property
    def own(self) -> float:
        """Seconds that were the server's."""
        return self.restored - self.imported


def main() -> int:
    """Measure and print; 1 when too many requests failed or it took too long."""
    options = _options()
    return clients.run(_main(install.ensure(options.python), options))


async def _main(venv: Path, options: argparse.Namespace) -> int:
    met = True
    for name in options.app:
        work = APPS[name]
        found = []
        for index in range(options.runs):
            try:
                with started("snake", work, venv) as server:
                    result = await _run(server, work, options)
            except (StartError, TimeoutError) as error:
                print(f"{name}: {str(error) or 'no new process in time'}", file=sys.stderr)
                return 1
            found.append(result)
            print(
                f"{work.title}, run {index + 1}: {result.seen.failed} of"
                f" {result.seen.begun:,} failed, whole again after {result.restored * 1e3:.0f} ms,"
                f" of which {result.imported * 1e3:.0f} ms import",
                flush=True,
            )
        met &= _judge(work, found)
    return 0 if met else 1


async def _run(server: Running, work: App, options: argparse.Namespace) -> Result:
    client = partial(Client, server.port, work.path)
    before = await clients.quiet(client, [Style.NEW] * PROBES, 0.5)
    known = set(before.processes)
    if len(known) != work.workers:
        raise StartError(f"{len(known)} processes answered instead of {work.workers}")
    seen, over = Seen(), asyncio.Event()
    styles = [Style.BUSY] * options.connections
    async with asyncio.timeout(options.patience), asyncio.TaskGroup() as group:
        group.create_task(clients.load(client, styles, over, seen, options.requests))
        await seen.until_answers(options.requests // 5)
        victim, _ = seen.processes.most_common(1)[0]
        os.kill(int(victim), signal.SIGKILL)
        killed = perf_counter()
        imported = await _new_process(client, known)
        restored = perf_counter() - killed
    return Result(seen, restored, imported)


async def _new_process(client: partial[Client], known: set[str]) -> float:
    """Ask on new connections until a new process answers; return how long its import took."""
    answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def probe() -> None:
        while not answered.done():
            asking = client()
            try:
                answer = await asking.ask()
            except NoAnswerError:
                continue
            finally:
                asking.close()
            if answer.process not in known and not answered.done():
                answered.set_result(answer.imported)
            await asyncio.sleep(0.005)

    async with asyncio.TaskGroup() as group:
        for _ in range(PROBES):
            group.create_task(probe())
    return await answered


def _judge(work: App, found: list[Result]) -> bool:
    failures = sum((each.seen.failures for each in found), Counter[str]())
    for why, count in failures.most_common():
        print(f"  {count} x {why}")
    failed = max(each.seen.failed for each in found)
    own = median(each.own for each in found)
    met = failed <= MOST_FAILED and own <= MOST_SECONDS
    print(
        f"{'OK' if met else 'MISS'}  {work.title}: at most {failed} failed ({MOST_FAILED}), whole"
        f" again after {own * 1e3:.0f} ms and the import ({MOST_SECONDS * 1e3:.0f}, median)"
    )
    return met


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--app", nargs="+", choices=APPS, default=list(APPS), help="which apps")
    parser.add_argument("--runs", type=int, default=10, help="for each app (10)")
    parser.add_argument("--requests", type=int, default=5000, help="in each run (5000)")
    parser.add_argument("--connections", type=int, default=6, help="clients at once (6)")
    parser.add_argument("--patience", type=float, default=30, help="seconds for a run (30)")
    parser.add_argument("--python", help="interpreter (3.13 or 3.12 if found)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
