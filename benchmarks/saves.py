"""Save a file, and see how long the old answer lasts: `autoreload` beside `uvicorn --reload`.

The time is from the end of the write to the first new answer. What is asked meanwhile and
fails is counted; a server in development may, but need not.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import clients
import install
from clients import Client, NoAnswerError
from contenders import started
from processes import Running, StartError
from works import App

CONTENDERS = ("snake", "caddysnake", "uvicorn")
SETTLE = 2.0
"""Seconds of quiet before each save, so that no watcher is still busy with the last one."""
SOURCE = """\
from fastapi import FastAPI

app = FastAPI()


@app.get("/hello")
async def hello() -> dict[str, int]:
    return {{"version": {version}}}
"""


@dataclass(slots=True)
class Result:
    """One server."""

    times: list[float] = field(default_factory=list)
    """Milliseconds from each save to the new answer."""
    failed: int = 0
    """Requests meanwhile that got no answer."""


def main() -> int:
    """Measure and print; 1 when a server did not run, or never gave the new answer."""
    options = _options()
    return clients.run(_main(install.ensure(options.python), options))


async def _main(venv: Path, options: argparse.Namespace) -> int:
    found: dict[str, Result] = {}
    for name in options.only:
        with TemporaryDirectory(prefix="snake-saves-") as folder:
            source = Path(folder) / "main.py"
            _write(source, 0)
            try:
                with started(name, _work(folder), venv) as server:
                    found[name] = await _measure(server, source, options)
            except (StartError, TimeoutError) as error:
                print(f"{name}: {str(error) or 'the new answer never came'}", file=sys.stderr)
    print(_table(found, options.saves))
    return 0 if len(found) == len(options.only) else 1


def _work(folder: str) -> App:
    return App(
        name="saves",
        title="Saves",
        interface="asgi",
        module="main:app",
        folder=folder,
        contenders=CONTENDERS,
        lines=("autoreload",),
    )


async def _measure(server: Running, source: Path, options: argparse.Namespace) -> Result:
    result = Result()
    for version in range(1, options.saves + 1):
        await asyncio.sleep(SETTLE)
        _write(source, version)
        saved = perf_counter()
        async with asyncio.timeout(options.patience):
            result.failed += await _answered(server.port, b'{"version":%d}' % version)
        result.times.append((perf_counter() - saved) * 1e3)
    return result


def _write(source: Path, version: int) -> None:
    source.write_text(SOURCE.format(version=version))


async def _answered(port: int, body: bytes) -> int:
    """Ask on new connections until that is the answer; return how often there was none."""
    failed = 0
    while True:
        client = Client(port, "/hello")
        try:
            if (await client.ask()).body == body:
                return failed
        except NoAnswerError:
            failed += 1
        finally:
            client.close()
        await asyncio.sleep(0.005)


def _table(found: dict[str, Result], saves: int) -> str:
    columns = ("median ms", "most ms", "failed", "snake is")
    lines = [f"{f'{saves} saves':<18}" + "".join(f"{name:>11}" for name in columns)]
    ours = found.get("snake")
    for name, each in found.items():
        ratio = (
            f"{median(ours.times) / median(each.times):.2f} x" if ours is not each and ours else ""
        )
        lines.append(
            f"  {name:<16}{median(each.times):>11.0f}{max(each.times):>11.0f}"
            f"{each.failed:>11}{ratio:>11}"
        )
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = CONTENDERS
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="which servers")
    parser.add_argument("--saves", type=int, default=10, help="how many (10)")
    parser.add_argument("--patience", type=float, default=30, help="seconds for an answer (30)")
    parser.add_argument("--python", help="interpreter (3.13 or 3.12 if found)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
