"""DockerEngine: a container engine, asked over its HTTP API (Docker's, which Podman has as well).

The API and not the command line: nothing needs to be installed beside the engine, no value is
on a command line that every user can read, and an error comes as what it is.
Source: https://docs.docker.com/reference/api/engine/. Requests have no version in their
path, which the engine takes for its newest; all that is asked for here is old.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any
from urllib.parse import urlsplit

from snake.core.errors import StartError

SOCKET = "unix:///var/run/docker.sock"
_ANSWER_LIMIT = 16 * 1024**2
"""Bytes of the longest answer that is read."""
_PATIENCE = 30.0
"""Seconds for an answer, but for those that are waited for."""
_FAILED = 400
_PORT = 2375


class EngineError(Exception):
    """The engine refuses; the status is HTTP's, the text its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class DockerEngine:
    """An engine at an address: `unix:///path` or `tcp://host:port`."""

    def __init__(self, address: str = "") -> None:
        """Choose an address: the given one, `DOCKER_HOST`, or Docker's own. Raises `StartError`."""
        self.address = address or os.environ.get("DOCKER_HOST", "") or SOCKET
        parts = urlsplit(self.address)
        try:
            self._host, self._port = parts.hostname or "", parts.port or _PORT
        except ValueError:
            self._host = ""
        self._path = parts.path if parts.scheme == "unix" else ""
        if not (self._path or (parts.scheme in ("tcp", "http") and self._host)):
            raise StartError(
                f'isolation docker: docker_host "{self.address}" is no address of an engine; '
                "expected unix:///path/to/socket or tcp://host:port"
            )

    async def check(self) -> None:
        """See that it is there. Raises `StartError` with what was tried, and what to do."""
        try:
            await self.ask("GET", "/_ping")
        except (OSError, EngineError) as error:
            reason = getattr(error, "strerror", None) or str(error) or "it does not answer"
            raise StartError(
                f"isolation docker: no engine answers at {self.address}: {reason}; "
                "start Docker, or give the address of its socket with docker_host"
            ) from None

    async def ask(
        self, method: str, path: str, body: object = None, *, patience: float | None = _PATIENCE
    ) -> bytes:
        """Return the body of the answer. Raises `EngineError`, `OSError` and `TimeoutError`."""
        async with asyncio.timeout(patience):
            answer = await self._exchange(method, path, body)
        head, separator, content = answer.partition(b"\r\n\r\n")
        words = head.split(b"\r\n", 1)[0].split(b" ", 2)
        if not separator or not words[0].startswith(b"HTTP/") or not words[1:2][0].isdigit():
            raise EngineError(0, "what answers there does not speak HTTP")
        status = int(words[1])
        if status >= _FAILED:
            raise EngineError(status, _message(content))
        return content

    async def ask_json(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401
        """Return the body of the answer, which is JSON. Raises as `ask` does."""
        content = await self.ask(method, path, body)
        try:
            return json.loads(content)
        except ValueError:
            raise EngineError(0, "the engine's answer is no JSON") from None

    async def _exchange(self, method: str, path: str, body: object) -> bytes:
        """Send one request and read to the end: to HTTP/1.0, nobody answers in chunks."""
        reader, writer = await self._connect()
        try:
            data = b"" if body is None else json.dumps(body).encode()
            head = (
                f"{method} {path} HTTP/1.0\r\nHost: docker\r\nConnection: close\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
            )
            writer.write(head.encode() + data)
            await writer.drain()
            answer = b""
            while piece := await reader.read(65_536):
                answer += piece
                if len(answer) > _ANSWER_LIMIT:
                    raise EngineError(0, "the engine's answer is too long")
            return answer
        finally:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._path:
            return await asyncio.open_unix_connection(self._path)
        return await asyncio.open_connection(self._host, self._port)


def _message(content: bytes) -> str:
    """Return what an engine says is wrong: `{"message": …}`, or the text itself."""
    try:
        return str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        return content.decode(errors="replace").strip()[:1000] or "no reason is given"


def log_text(stream: bytes) -> str:
    """Return the text in an engine's multiplexed stream: 8 bytes of head before each piece."""
    text, at = b"", 0
    while at + 8 <= len(stream):
        size = int.from_bytes(stream[at + 4 : at + 8], "big")
        text += stream[at + 8 : at + 8 + size]
        at += 8 + size
    return text.decode(errors="replace").strip()
