"""Processes of a pool that are killed, stopped or full, behind a real server under load."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.server import Server, running

APP = """
import asyncio, os

async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError
    while (message := await receive()).get("more_body"):
        pass
    if scope["path"] == "/slow":
        await asyncio.sleep(0.05)
    body = str(os.getpid()).encode()
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
"""
CADDYFILE = """
{
    admin off
    auto_https off
}
http://:PORT {
    python {
        module_asgi main:app
        python_path ./another-python
        workers WORKERS
    }
}
"""
GET = b"GET /PATH HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@contextmanager
def pool(folder: Path, workers: int) -> Iterator[Server]:
    """Run a server whose app is in a pool of so many processes."""
    (folder / "main.py").write_text(APP)
    (folder / "another-python").symlink_to(Path(sys.executable).resolve())
    with running(CADDYFILE.replace("WORKERS", str(workers)), folder) as server:
        yield server


async def get(port: int, path: str = "") -> int:
    """Ask once; return the process that answered, or 0 when it was an error."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(GET.replace(b"PATH", path.encode()))
        answer = await asyncio.wait_for(reader.read(), 20)
    except OSError:
        return 0
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    return int(answer.rpartition(b"\r\n")[2]) if answer.startswith(b"HTTP/1.1 200 ") else 0


async def get_many(port: int, count: int, path: str = "") -> Counter[int]:
    """Ask so many times at once; return which process answered how often."""
    return Counter(await asyncio.gather(*(get(port, path) for _ in range(count))))


def test_kill_fails_only_what_was_in_flight(tmp_path: Path) -> None:
    """Of 2,000 requests under load few fail when one of two processes is killed, and it is back."""

    async def load(port: int) -> tuple[Counter[int], Counter[int]]:
        first = await get_many(port, 20, "slow")
        assert len(first) == 2
        victim = min(first)
        answers: Counter[int] = Counter()
        begun = asyncio.Event()

        async def client() -> None:
            for _ in range(100):
                answers[await get(port)] += 1
                if answers.total() == 500:
                    begun.set()

        clients = [asyncio.create_task(client()) for _ in range(20)]
        await asyncio.wait_for(begun.wait(), 20)
        os.kill(victim, signal.SIGKILL)
        await asyncio.gather(*clients)
        return answers, first

    with pool(tmp_path, 2) as server:
        answers, first = asyncio.run(load(server.port))
        server.wait_for("app process started")
        after = asyncio.run(get_many(server.port, 20, "slow"))

    assert answers.total() == 2000
    assert answers[0] <= 20
    assert len(after) == 2
    assert min(first) not in after


def test_replacement_takes_what_the_dead_had_not_read(tmp_path: Path) -> None:
    """Requests to a process that is stopped and then killed are answered by the next one."""

    async def load(port: int) -> tuple[int, Counter[int]]:
        victim = await get(port)
        await get_many(port, 10, "slow")
        os.kill(victim, signal.SIGSTOP)
        waiting = asyncio.create_task(get_many(port, 30))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        os.kill(victim, signal.SIGKILL)
        return victim, await waiting

    with pool(tmp_path, 1) as server:
        victim, answers = asyncio.run(load(server.port))

    assert answers.total() == 30
    assert {0, victim}.isdisjoint(answers)


def test_stopped_process_is_passed_by(tmp_path: Path) -> None:
    """Each worker gives one request to a process that hangs, and then none as long as it hangs."""

    async def load(port: int) -> int:
        victim = min(await get_many(port, 20, "slow"))
        os.kill(victim, signal.SIGSTOP)
        asking: list[asyncio.Task[int]] = []
        for _ in range(30):
            asking.append(asyncio.create_task(get(port)))
            await asyncio.wait(asking[-1:], timeout=1)
        stuck = sum(not task.done() for task in asking)
        with suppress(ProcessLookupError):  # the supervisor ends a process that hangs
            os.kill(victim, signal.SIGCONT)
        await asyncio.wait(asking)
        return stuck

    with pool(tmp_path, 2) as server:
        assert asyncio.run(load(server.port)) <= len(server.workers())
