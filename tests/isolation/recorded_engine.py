"""A container engine that plays recorded answers, over real HTTP on a real Unix socket.

It keeps what it is asked. What it is asked to start, it starts: with bubblewrap, which shows the
program the mounts that were asked for, and this system in place of an image.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from snake.isolation import bubblewrap

ID = "4f66ad9b1b8e5d1b"
Answer = tuple[int, object]


class RecordedEngine:
    """Answers by method and path, the query aside; a test may put others in their place."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.asked: list[tuple[str, Any]] = []
        self.process: asyncio.subprocess.Process | None = None
        self.log = b""
        self.answers: dict[str, Answer] = {
            "GET /_ping": (200, "OK"),
            "GET /images/python:3/json": (200, {"Id": "sha256:1", "Config": {"Env": []}}),
            "GET /images/nowhere:1/json": (404, {"message": "No such image: nowhere:1"}),
            "GET /containers/json": (200, []),
            "POST /containers/create": (201, {"Id": ID, "Warnings": []}),
        }

    @property
    def requests(self) -> list[str]:
        """The methods and paths of all that was asked, in order."""
        return [line for line, _ in self.asked]

    def body(self, line: str) -> Any:
        """Return what was sent with a request."""
        return next(body for asked, body in self.asked if asked == line)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split(" ", 2)
        length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
        body = await reader.readexactly(length)
        line = f"{method} {target.partition('?')[0]}"
        self.asked.append((line, json.loads(body) if body else None))
        status, answer = await self._answer(line)
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        writer.write(f"HTTP/1.0 {status} Recorded\r\nApi-Version: 1.47\r\n\r\n".encode() + data)
        await writer.drain()
        writer.close()

    async def _answer(self, line: str) -> Answer:
        if line in self.answers:
            return self.answers[line]
        match line.removesuffix(ID).split(ID):
            case ["POST /containers/", "/start"]:
                await self._run(self.body("POST /containers/create"))
                return 204, b""
            case ["POST /containers/", "/wait"] if self.process is not None:
                code = await self.process.wait()
                return 200, {"StatusCode": code if code >= 0 else 128 - code}
            case ["GET /containers/", "/logs"]:
                return 200, b"\x02\0\0\0" + len(self.log).to_bytes(4, "big") + self.log
            case ["DELETE /containers/"]:
                self.kill()
                return 204, b""
        return 404, {"message": "page not found"}

    async def _run(self, wanted: dict[str, Any]) -> None:
        program = bubblewrap.find()
        assert program is not None
        line = [program, "--die-with-parent", "--unshare-pid", "--unshare-ipc"]
        line += ["--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev"]
        for path in ("/bin", "/lib", "/lib64"):
            line += ["--symlink", f"usr{path}", path]
        line += ["--perms", "1777", "--tmpfs", "/tmp"]
        for mount in wanted["HostConfig"]["Mounts"]:
            for folder in reversed(Path(mount["Target"]).parents):
                line += ["--dir", str(folder)]
            bind = "--ro-bind" if mount["ReadOnly"] else "--bind"
            line += [bind, mount["Source"], mount["Target"]]
        command = [*wanted["Entrypoint"], *wanted["Cmd"]]
        uid = int(wanted["User"].partition(":")[0])
        self.process = await asyncio.create_subprocess_exec(
            *line,
            *([] if uid == os.getuid() else ["setpriv", f"--reuid={uid}", "--clear-groups"]),
            *command,
            env={"PATH": "/usr/bin:/bin", "OF_THE_IMAGE": "yes"},
            stderr=asyncio.subprocess.PIPE,
        )

    def kill(self) -> None:
        """End the container, if there is one."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()


@asynccontextmanager
async def recorded_engine() -> AsyncIterator[RecordedEngine]:
    """Run an engine."""
    with tempfile.TemporaryDirectory(prefix="snake-engine-") as folder:
        path = Path(folder) / "docker.sock"
        engine = RecordedEngine(f"unix://{path}")
        server = await asyncio.start_unix_server(engine.serve, path)
        try:
            yield engine
        finally:
            server.close()
            engine.kill()
            if engine.process is not None:
                await engine.process.communicate()
