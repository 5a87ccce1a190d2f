"""The same site served by the real Caddy and by snake, and one client that asks both."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import zstandard

from tests.caddy import binary
from tests.server import free_port, running

OPTIONS = "{\n\tadmin off\n\tauto_https off\n\tpersist_config off\n}\n"
"""What both need to run beside others: no admin API, no certificates, nothing written."""

_OF_THE_CONNECTION = {"date", "server", "connection", "transfer-encoding"}
_BOUNDARY = re.compile(r"boundary=(\w+)")


@dataclass(frozen=True)
class Reply:
    """A response without what two servers may differ in: dates, names, framing, boundaries."""

    status: int
    fields: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True)
class Pair:
    """Two servers of one site, by their ports."""

    caddy: int
    snake: int

    def ask(
        self, target: str, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> tuple[Reply, Reply]:
        """Send one request to both, the target as it is; return what Caddy and what snake said."""
        caddy, snake = (
            ask(port, method, target, dict(headers or {})) for port in (self.caddy, self.snake)
        )
        return caddy, snake


def ask(port: int, method: str, target: str, headers: dict[str, str]) -> Reply:
    """Send one request on a connection of its own."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, target, skip_host="Host" in headers, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    fields = sorted((name.lower(), value) for name, value in response.getheaders())
    return _comparable(response.status, fields, body)


def _comparable(status: int, fields: list[tuple[str, str]], body: bytes) -> Reply:
    kept = [field for field in fields if field[0] not in _OF_THE_CONNECTION]
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
def pair(site: str, folder: Path) -> Iterator[Pair]:
    """Serve a Caddyfile with both; `PORT` in it becomes a port of each.

    Both run in a folder of their own below `folder`, and find what they share there by `..`.
    """
    text = OPTIONS + site
    for name in ("caddy", "snake"):
        (folder / name).mkdir()
    with _caddy(text, folder / "caddy") as port, running(text, folder / "snake") as server:
        yield Pair(port, server.port)


@contextmanager
def _caddy(text: str, folder: Path) -> Iterator[int]:
    port = free_port()
    (folder / "Caddyfile").write_text(text.replace("PORT", str(port)))
    process = subprocess.Popen(
        [binary(), "run", "--config", "Caddyfile", "--adapter", "caddyfile"],
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
        yield port
    finally:
        process.terminate()
        # What it has still to say must not fill the pipe, or it would never end.
        log.read()
        process.wait(10)
        log.close()
