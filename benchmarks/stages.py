"""Where the time of a request goes, stage by stage.

Each stage is measured as the CPU time that it adds: a longer part of the
request's way is run in this process, without a socket, and the shorter part's
time is taken off. Last, wrk loads the same app over real sockets; what that
takes more is the kernel's and the event loop's.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import socket
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import direct
import drive
import uvloop
from works import WORKS, App

from snake.adapter.adapt import adapt
from snake.engine.provision import provision
from snake.http.app import RunningServer
from snake.standard import catalogue
from snake.transport.head import HeadReader
from snake.transport.serve import serve
from snake.transport.settings import Settings

APPS = Path(__file__).parent / "apps"
SITE = """
{
	admin off
}
http://127.0.0.1:80 {
	route /* {
		python {
			module_%s %s
			working_dir %s
		}
	}
}
"""
MICRO = 1e6

Stages = dict[str, float]
"""Microseconds by stage, in the order of a request."""


async def stages(work: App, requests: int, seconds: int) -> Stages:
    """Take one work apart."""
    app = direct.load(work.module)
    head = await _head(requests)
    transport = await drive.transport(direct.constant, requests)
    if work.interface == "wsgi":
        alone = await direct.wsgi(app, requests)
    else:
        alone = await direct.asgi(app, requests)
    async with AsyncExitStack() as stack:
        document, _ = adapt(SITE % (work.interface, work.module, APPS), "Caddyfile", catalogue())
        (server,) = await provision(document, stack)
        whole = await drive.transport(server.app, requests)
        sockets = await _sockets(server, seconds)
    between = "routes, python, its thread" if work.interface == "wsgi" else "routes, python"
    found = {
        "head of the request": head,
        "scope, framing, response": transport - head,
        between: whole - transport - alone,
        "the app": alone,
        "kernel, event loop": sockets - whole,
    }
    return {name: time * MICRO for name, time in found.items()}


async def _head(requests: int) -> float:
    reader = HeadReader(Settings())

    async def read() -> None:
        for _ in range(drive.CONNECTIONS):
            reader.read(drive.REQUEST)

    return await drive.repeat(read, requests // drive.CONNECTIONS) / drive.CONNECTIONS


async def _sockets(server: RunningServer, seconds: int) -> float:
    """Return the CPU seconds of a request when wrk keeps this process busy."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        serving = await serve(sock, server.app, server.settings)
        host, port = sock.getsockname()
        url = f"http://{host}:{port}/hello"
        best = min([await _loaded(url, seconds) for _ in range(3)])
        await serving.drain(1)
    return best


async def _loaded(url: str, seconds: int) -> float:
    """Return the CPU seconds of this process for each request that wrk gets answered."""
    command = ["wrk", "-t1", f"-c{drive.CONNECTIONS}", f"-d{seconds}s", url]
    began = time.process_time()
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    used = time.process_time() - began
    found = re.search(rb"(\d+) requests in", output)
    if found is None:
        sys.exit(f"wrk printed no count:\n{output.decode()}")
    return used / int(found[1])


def report(work: App, found: Stages) -> str:
    """Return one table."""
    total = sum(found.values())
    lines = [f"{work.title}: {total:.1f} µs of CPU a request, {MICRO / total:,.0f} req/s a core"]
    lines += [f"  {name:<28}{time:>8.1f} µs{time / total:>7.0%}" for name, time in found.items()]
    return "\n".join(lines)


def main() -> None:
    """Measure and print the single-worker works that spend CPU time."""
    names = ["raw", "fastapi", "flask"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", nargs="+", choices=names, default=names, help="which apps")
    parser.add_argument("--requests", type=int, default=20_000, help="in each stage (20000)")
    parser.add_argument(
        "--seconds", type=int, default=3, help="of load over sockets, three times (3)"
    )
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("the last stage needs wrk; on Debian and Ubuntu: apt install wrk")
    for name in options.work:
        (work,) = [each for each in WORKS if isinstance(each, App) and each.name == name]
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(stages(work, options.requests, options.seconds))
        print(report(work, found), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
