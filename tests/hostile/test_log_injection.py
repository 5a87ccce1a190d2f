"""What clients write into logs, and what must not be there: hostile class 43, with real sockets."""

from __future__ import annotations

import re
import socket
import time
from base64 import b64encode
from pathlib import Path

import pytest

from tests.server import Server, running

SECRETS = ("a-password", "a-cookie", "a-token", "a-new-cookie")
BOB = "$2b$04$dAlW8akTPQqlAfGKSkhhhOtN64I9Rt5b32kCvQQkoQstS2nn1SlNy"
SITE = """{
	admin off
	debug
	log all {
		output file all.log
		format %s
	}
}
http://:PORT {
	bind 127.0.0.1
	log {
		output file access.log
		format %s
	}
	log_append path {path}
	log_append agent {header.User-Agent}
	tracing
	basic_auth /private/* {
		bob $2b$04$dAlW8akTPQqlAfGKSkhhhOtN64I9Rt5b32kCvQQkoQstS2nn1SlNy
	}
	header Set-Cookie a-new-cookie
	header X-Echo {path}
	error /error/* {path} 500
	handle /template/* {
		header Content-Type text/html
		templates
		respond "\\{\\{ req.url.path + 1 }}"
	}
	respond {path}
}
"""
EVIL = "%0d%0aforged%1b[31m%00%c2%9b%e2%80%a8%7f%ff"
"""Ends of lines, escapes of a terminal, a NUL, and bytes that are not UTF-8, in a path."""
PATHS = (f"/{EVIL}", f"/private/{EVIL}", f"/error/{EVIL}", f"/template/{EVIL}")
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")

_LEVEL = re.compile(r"\x1b\[\d+m([A-Z]+)\x1b\[0m")
"""The one place where `format console` has colours, as in Caddy."""


def send(server: Server, path: str, credentials: bytes) -> bytes:
    """Send a request that is full of what a log must not show as it is."""
    fields = [
        b"Host: evil.test",
        b"User-Agent: a\xff\xc2\x9b\tb",
        b"Referer: \xe2\x80\xa8forged",
        b"Cookie: session=a-cookie",
        b"Proxy-Authorization: Bearer a-token",
        b"Authorization: Basic " + b64encode(credentials),
        b"Connection: close",
    ]
    head = b"\r\n".join([f"GET {path} HTTP/1.1".encode(), *fields, b"", b""])
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(head)
        answer = b""
        while part := client.recv(65536):
            answer += part
    return answer


def lines_of(path: Path, count: int) -> list[str]:
    """Return the lines of a log when so many are there."""
    lines: list[str] = []
    for _ in range(200):
        if path.exists():
            lines = path.read_bytes().decode().split("\n")[:-1]
        if len(lines) >= count:
            return lines
        time.sleep(0.05)
    raise AssertionError(lines)


@pytest.mark.parametrize("form", ["json", "console"])
def test_nothing_is_forged_and_nothing_is_told(form: str, tmp_path: Path) -> None:
    """Each request is one line without control characters; passwords and cookies are in none."""
    environment = {"OTEL_TRACES_EXPORTER": "none"}
    with running(SITE % (form, form), tmp_path, env=environment) as server:
        asked = 0
        for path in PATHS:
            for name in (b"bob", b"eve\r\nforged\x1b", b"\xff"):
                send(server, path, name + b":a-password")
                asked += 1
        send(server, "/private/x", b"bob:secret")
        access = lines_of(tmp_path / "access.log", asked + 1)
    everything = _LEVEL.sub(r"\1", (tmp_path / "all.log").read_bytes().decode()) + server.log
    access = [_LEVEL.sub(r"\1", line) for line in access]

    assert len(access) == asked + 1
    assert [line for line in access if line.startswith("forged")] == []
    assert not _UNSAFE.search("".join(access))
    assert not _UNSAFE.search(everything.replace("\n", ""))
    for secret in (
        *SECRETS,
        BOB,
        b64encode(b"bob:a-password").decode(),
        b64encode(b"bob:secret").decode(),
    ):
        assert secret not in "".join(access)
        assert secret not in everything
    assert "REDACTED" in "".join(access)
    assert any('"bob"' in line for line in access)  # workers write in any order
    if form == "json":
        assert all(record["msg"] for record in server.records)


def test_credentials_are_shown_if_asked_for(tmp_path: Path) -> None:
    """Only `log_credentials` shows them, and even then on one line."""
    text = SITE.replace("debug", "servers {\nlog_credentials\n}") % ("json", "json")
    with running(text, tmp_path, env={"OTEL_TRACES_EXPORTER": "none"}) as server:
        send(server, "/", b"bob:a-password")
        (line,) = lines_of(tmp_path / "access.log", 1)

    assert "session=a-cookie" in line
    assert b64encode(b"bob:a-password").decode() in line
