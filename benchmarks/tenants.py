"""Two hundred tenants of one small WSGI app, each with a folder and a host name of its own.

The first request for each tenant starts its app. They are asked one after another; then
all are asked again, which must be quick, and the memory of all processes is counted.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import clients
import install
import memory
from clients import Client, NoAnswerError, percentile
from contenders import started
from processes import Running, StartError
from works import App

CONTENDERS = ("snake", "caddysnake")
DOMAIN = "tenants.test"
TENANT = "{http.request.host.labels.2}"
APP = """\
NAME = {name!r}.encode()


def app(environ, start_response):
    start_response("200 OK", [("Content-Length", str(len(NAME)))])
    return [NAME]
"""


@dataclass(frozen=True, slots=True)
class Result:
    """One server with all tenants."""

    first: list[float]
    """Milliseconds of each tenant's first answer."""
    again: list[float]
    """Milliseconds of its second."""
    failures: list[str]
    before: float
    """MiB without a tenant."""
    after: float
    """MiB with all of them."""


def main() -> int:
    """Measure and print; 1 when a server did not run, or a tenant got no answer of its own."""
    options = _options()
    return clients.run(_main(install.ensure(options.python), options))


async def _main(venv: Path, options: argparse.Namespace) -> int:
    names = [f"t{number}" for number in range(options.tenants)]
    found: dict[str, Result] = {}
    with TemporaryDirectory(prefix="snake-tenants-") as root:
        for name in names:
            (Path(root) / name).mkdir()
            (Path(root) / name / "main.py").write_text(APP.format(name=name))
        for contender in options.only:
            try:
                with started(
                    contender, _work(root, options.tenants), venv, f"*.{DOMAIN}"
                ) as server:
                    found[contender] = await _measure(server, names)
            except StartError as error:
                print(f"{contender}: {error}", file=sys.stderr)
    print(_table(found, options.tenants))
    whole = not any(each.failures for each in found.values())
    return 0 if whole and len(found) == len(options.only) else 1


def _work(root: str, tenants: int) -> App:
    return App(
        name="tenants",
        title="Tenants",
        interface="wsgi",
        module="main:app",
        folder=f"{root}/{TENANT}",
        contenders=CONTENDERS,
        lines=(f"max_dynamic_apps {tenants}",),
    )


async def _measure(server: Running, names: list[str]) -> Result:
    before = memory.pss(server.pids)
    failures: list[str] = []
    first = await _ask(server.port, names, failures)
    again = await _ask(server.port, names, failures)
    await asyncio.sleep(1)
    return Result(first, again, failures, before, memory.pss(server.pids))


async def _ask(port: int, names: list[str], failures: list[str]) -> list[float]:
    """Ask each tenant once; return how many milliseconds each answer took."""
    times = []
    for name in names:
        client = Client(port, "/", f"{name}.{DOMAIN}")
        began = perf_counter()
        try:
            answer = await client.ask()
        except NoAnswerError as error:
            failures.append(f"{name}: {error}")
            continue
        finally:
            client.close()
        times.append((perf_counter() - began) * 1e3)
        if answer.body != name.encode():
            failures.append(f"{name}: the answer of {answer.body.decode('latin-1')}")
    return times


def _table(found: dict[str, Result], tenants: int) -> str:
    columns = ("first ms", "p99", "again ms", "p99", "PSS MiB", "each", "failed")
    lines = [f"{f'{tenants} tenants':<18}" + "".join(f"{name:>10}" for name in columns)]
    for name, each in found.items():
        size = (each.after - each.before) / tenants
        lines.append(
            f"  {name:<16}{median(each.first or [0]):>10.1f}{percentile(each.first, 99):>10.1f}"
            f"{median(each.again or [0]):>10.1f}{percentile(each.again, 99):>10.1f}"
            f"{each.after:>10.1f}{size:>10.2f}{len(each.failures):>10}"
        )
        lines += [f"    {failure}" for failure in each.failures[:3]]
    if len(found) == len(CONTENDERS):
        ours, theirs = (found[name] for name in CONTENDERS)
        if ours.first and theirs.first:
            lines.append(
                f"  snake is {median(ours.first) / median(theirs.first):.2f} x caddysnake to the"
                f" first answer, its memory {ours.after / theirs.after:.2f} x"
            )
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = CONTENDERS
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="which servers")
    parser.add_argument("--tenants", type=int, default=200, help="how many (200)")
    parser.add_argument("--python", help="interpreter (3.13 or 3.12 if found)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
