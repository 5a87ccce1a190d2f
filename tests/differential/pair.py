"""The same site served by the real Caddy and by snake, and one client that asks both."""

from __future__ import annotations

import gzip
import io
import os
import random
import re
import socket
import subprocess
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any

import zstandard

from tests.caddy import binary
from tests.server import free_port, running

OPTIONS = "{\n\tadmin off\n\tauto_https off\n\tpersist_config off\n}\n"
"""What both need to run beside others: no admin API, no certificates, nothing written."""

_OF_THE_CONNECTION = {"date", "server", "connection", "transfer-encoding"}
_VIA = re.compile(r"\b(1\.[01]|2\.0) snake\b")
_BOUNDARY = re.compile(r"boundary=(\w+)")


@dataclass(frozen=True)
class Reply:
    """A response without what two servers may differ in: dates, names, framing, boundaries."""

    status: int
    """0 when there was none, and the connection was closed."""
    fields: list[tuple[str, str]]
    body: bytes

    def without(self, names: Collection[str]) -> Reply:
        """Return it without these fields (names in lower case), and without its `body`."""
        fields = [field for field in self.fields if field[0] not in names]
        return replace(self, fields=fields, body=b"" if "body" in names else self.body)


@dataclass(frozen=True)
class Pair:
    """Two servers of one site, by their ports."""

    caddy: int
    snake: int

    def ask(
        self,
        target: str,
        method: str = "GET",
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes | None = None,
        host: str = "",
    ) -> tuple[Reply, Reply]:
        """Send one request to both, the target as it is; return what Caddy and what snake said."""
        fields = list(headers.items() if isinstance(headers, Mapping) else headers)
        if host and not any(name.lower() == "host" for name, _ in fields):
            fields.append(("Host", host))
        caddy, snake = (
            ask(port, method, target, fields, body) for port in (self.caddy, self.snake)
        )
        return caddy, snake

    def say(self, text: bytes) -> tuple[Reply, Reply]:
        """Send bytes to both; return the first response of Caddy, and of snake."""
        return say(self.caddy, text), say(self.snake, text)


def ask(
    port: int,
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]],
    body: bytes | None = None,
) -> Reply:
    """Send one request on a connection of its own."""
    fields = list(headers)
    names = {name.lower() for name, _ in fields}
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, target, skip_host="host" in names, skip_accept_encoding=True)
    for name, value in fields:
        connection.putheader(name, value)
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    try:
        return _read(connection.getresponse(), port)
    except (ConnectionError, HTTPException):
        return Reply(0, [], b"")
    finally:
        connection.close()


def say(port: int, text: bytes) -> Reply:
    """Send bytes on a connection of their own, and read one response."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(text)
        method = text.split(b" ", 1)[0].decode("latin-1")
        try:
            response = HTTPResponse(_Stream(sock), method=method)  # type: ignore[arg-type]
            response.begin()
            return _read(response, port)
        except HTTPException:
            return Reply(0, [], b"")


class _Stream(io.RawIOBase):
    """What a socket receives; a reset is its end, since it comes after all that was sent."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, *_: object) -> io.BufferedReader:
        """Return it as a file, which `HTTPResponse` asks a socket for."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Receive into a buffer."""
        try:
            return self._sock.recv_into(buffer)
        except ConnectionError:
            return 0


def _read(response: HTTPResponse, port: int) -> Reply:
    """Read a response; the server's own port becomes `PORT` in it, and its name in Via Caddy's."""
    body = _neutral(response.read().decode("latin-1"), port).encode("latin-1")
    fields = sorted((name.lower(), _neutral(value, port)) for name, value in response.getheaders())
    return _comparable(response.status, fields, body)


def _neutral(text: str, port: int) -> str:
    return _VIA.sub(r"\1 Caddy", text.replace(str(port), "PORT"))


def _comparable(status: int, fields: list[tuple[str, str]], body: bytes) -> Reply:
    kept = [
        (name, value.replace(" snake", " Caddy") if name == "via" else value)
        for name, value in fields
        if name not in _OF_THE_CONNECTION
    ]
    body = body.replace(b"via: 1.1 snake", b"via: 1.1 Caddy")
    headers = dict(kept)
    coding = headers.get("content-encoding")
    if coding and "content-range" not in headers:
        # Two encoders make different bytes of one text, so their lengths differ too.
        kept = [field for field in kept if field[0] != "content-length"]
        body = _decoded(coding, body) if body else body
    if boundary := _BOUNDARY.search(headers.get("content-type", "")):
        kept = [(name, value.replace(boundary[1], "B")) for name, value in kept]
        body = body.replace(boundary[1].encode(), b"B")
    return Reply(status, kept, body)


def _decoded(coding: str, body: bytes) -> bytes:
    if coding == "gzip":
        return gzip.decompress(body)
    if coding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(body)
    return body


@contextmanager
def pair(
    site: str | Mapping[str, str],
    folder: Path,
    options: str = "",
    workers: int | None = None,
    name: str = "Caddyfile",
) -> Iterator[Pair]:
    """Serve a Caddyfile with both, or JSON by another name; `PORT` in it becomes a port of each.

    Both run in a folder of their own below `folder`, and find what they share there by `..`.
    `site` may be one text for each, by name. With one worker, snake runs in one process, as
    Caddy does, where that shows: in whose turn it is.
    """
    sites = site if isinstance(site, Mapping) else {"caddy": site, "snake": site}
    is_caddyfile = name == "Caddyfile"
    texts = {
        who: _with_options(text, options) if is_caddyfile else text for who, text in sites.items()
    }
    for who in texts:
        (folder / who).mkdir()
    with ExitStack() as stack:
        port = stack.enter_context(_caddy(texts["caddy"], folder / "caddy", name))
        with _on_processors(workers):
            server = stack.enter_context(running(texts["snake"], folder / "snake", name=name))
        yield Pair(port, server.port)


def _with_options(text: str, more: str) -> str:
    return f"{OPTIONS.removesuffix('}' + chr(10))}{more}\n}}\n{text}" if more else OPTIONS + text


@contextmanager
def _on_processors(count: int | None) -> Iterator[None]:
    """Have processes that are started here run on so many processors: one worker for each."""
    before = os.sched_getaffinity(0)
    if count is not None:
        os.sched_setaffinity(0, random.sample(sorted(before), count))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def _caddy(text: str, folder: Path, name: str) -> Iterator[int]:
    port = free_port()
    (folder / name).write_text(text.replace("PORT", str(port)))
    process = subprocess.Popen(
        [binary(), "run", "--config", name],
        cwd=folder,
        env=os.environ | {"XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    log = process.stderr
    try:
        seen = []
        for line in log:
            seen.append(line)
            if "serving initial configuration" in line:
                break
        assert process.poll() is None, "".join(seen)
        # What it has to say must not fill the pipe, or it would wait for ever.
        reader = threading.Thread(target=log.read, daemon=True)
        reader.start()
        yield port
        process.terminate()
        reader.join(10)
    finally:
        process.terminate()
        process.wait(10)
        log.close()
