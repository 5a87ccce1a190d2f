"""A record of the access log is the same whatever protocol the request came by."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.e2e.test_http3 import client
from tests.e2e.test_https import Site, serving
from tests.transport.quic.client import head

APP = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    if scope["path"] == "/app/fails":
        raise RuntimeError
    size = 0
    while scope["method"] == "POST":
        message = await receive()
        size += len(message["body"])
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-app", b"%d")]})
    await send({"type": "http.response.body", "body": b"part", "more_body": True})
    await send({"type": "http.response.body", "body": b"%d" % size})
"""
SITES = """localhost {
	log {
		output file access.log
	}
	route {
		python /app* main:app
		file_server /file.txt
		respond /echo {http.request.body}
		respond /empty 204
		respond hello
	}
}
"""
FILE = b"x" * 300_000


class Case(NamedTuple):
    """A request, and what its record tells."""

    method: str
    path: str
    body: bytes
    status: int
    size: int
    read: int


CASES = (
    Case("GET", "/", b"", 200, 5, 0),
    Case("HEAD", "/", b"", 200, 5, 0),
    Case("POST", "/ignored", b"a" * 9, 200, 5, 0),
    Case("GET", "/empty", b"", 204, 0, 0),
    Case("POST", "/echo", b"a" * 7, 200, 7, 7),
    Case("GET", "/file.txt", b"", 200, len(FILE), 0),
    Case("HEAD", "/file.txt", b"", 200, 0, 0),
    Case("GET", "/missing%20%25", b"", 200, 5, 0),
    Case("GET", "/app", b"", 201, 5, 0),
    Case("POST", "/app", b"a" * 200_000, 201, 10, 200_000),
    Case("GET", "/app/fails", b"", 500, 0, 0),
)


async def ask_all(site: Site) -> None:
    """Make all requests over HTTP/1.1, 2 and 3."""
    await asyncio.to_thread(site.serial, "localhost")
    trust = ssl.create_default_context(cafile=str(site.root))
    for is_two in (False, True):
        made = httpx.AsyncClient(http1=not is_two, http2=is_two, verify=trust)
        async with made:
            for case in CASES:
                url = f"https://localhost:{site.https}{case.path}"
                answer = await made.request(case.method, url, content=case.body or None)
                assert answer.status_code == case.status
    async with client(site) as over_quic:
        for case in CASES:
            fields = head(case.method, case.path, f"localhost:{site.https}")
            response = await over_quic.request(fields, case.body)
            assert response.status == case.status


def records(path: Path, count: int) -> dict[str, list[Case]]:
    """Return what is told of each request, by protocol, once there are so many."""
    lines: list[str] = []
    for _ in range(200):
        lines = path.read_text().splitlines() if path.exists() else []
        if len(lines) >= count:
            break
        time.sleep(0.05)
    found = defaultdict(list)
    for record in map(json.loads, lines):
        request = record["request"]
        told = record["status"], record["size"], record["bytes_read"]
        found[request["proto"]].append(Case(request["method"], request["uri"], b"", *told))
    return found


@pytest.mark.slow
async def test_records_of_three_protocols(tmp_path: Path) -> None:
    """Status, size of what a handler sent, also to a HEAD, and how much of the body was read."""
    (tmp_path / "main.py").write_text(APP)
    (tmp_path / "file.txt").write_bytes(FILE)
    with serving(tmp_path, SITES) as site:
        await ask_all(site)
        found = records(tmp_path / "access.log", 3 * len(CASES))
    expected = [case._replace(body=b"") for case in CASES]
    for protocol in ("HTTP/1.1", "HTTP/2.0", "HTTP/3.0"):
        assert found[protocol] == expected, protocol
