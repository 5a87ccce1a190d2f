"""Names on demand as the real Caddy takes them: which are asked about, and in which words."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests import caddy
from tests.e2e.ask_server import ask_server
from tests.server import free_port, running
from tests.tls.test_hello import extension, message, record, server_name

NAMES = [
    *(b"good.example.com", b"UPPER.example.com", b"single", b"10.1.2.3", b"1.2.3.4.5", b"123"),
    *(b"trail.example.com.", b".lead.example.com", b"*.example.com", b"under_score.com", b"_x.com"),
    *(b"-a.com", b"a-.com", b"ab--cd.com", b"xn--a.com", b"xn--mnchen-3ya.com", b"xn--0.com"),
    *(b"xn--80ak6aa92e.com", b"XN--MNCHEN-3YA.example.com", b"::1", b"a b.com", b"a/../b.com"),
    *(b"a" * 63 + b".com", b"a\x00.com", b"a%2fb.com", b"..", b"../../etc/passwd"),
]
CADDYFILE = """\
{{
	admin off
	skip_install_trust
	http_port {http}
	https_port {https}
	on_demand_tls {{
		ask {ask}?b=2&a=1
	}}
}}
https:// {{
	tls internal {{
		on_demand
		{more}
	}}
	respond hi
}}
"""


def hello(name: bytes) -> bytes:
    """Return a ClientHello for TLS 1.2 with a name."""
    more = (
        server_name(name)
        + extension(10, bytes.fromhex("0004001d0017"))
        + extension(13, bytes.fromhex("000c040308040401050308050501"))
    )
    return record(message(more))


def send(port: int, name: bytes) -> None:
    """Send a hello, and wait until something is answered or the connection ends."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 20) as sock:
        sock.settimeout(20)
        sock.sendall(hello(name))
        sock.recv(1)


@contextmanager
def theirs(folder: Path, text: str, port: int) -> Iterator[None]:
    """Run the real Caddy."""
    folder.mkdir()
    (folder / "Caddyfile").write_text(text)
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_DATA_HOME": str(folder / "data")}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [caddy.binary(), "run"], cwd=folder, env=env, stdout=log, stderr=log
        )
        try:
            until = time.monotonic() + 30
            while time.monotonic() < until:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(20)


def asked(tmp_path: Path, more: str, names: list[bytes], status: int = 403) -> list[list[str]]:
    """Return the targets that Caddy asks for, and those that snake asks for."""
    found = []
    for program in ("caddy", "snake"):
        with ask_server(lambda _: status) as ask:
            port = free_port()
            text = CADDYFILE.format(
                http=free_port(), https=port, ask=ask.url, more=more.format(url=ask.url)
            )
            if program == "caddy":
                with theirs(tmp_path / "caddy", text, port):
                    for name in names:
                        send(port, name)
            else:
                with running(text, tmp_path):
                    for name in names:
                        send(port, name)
            found.append(list(ask.targets))
    return found


@pytest.mark.slow
def test_same_names_are_asked_about(tmp_path: Path) -> None:
    """Of all that clients may send, the same names reach the permission, in the same words."""
    theirs, ours = asked(tmp_path, "", NAMES)

    assert theirs == ours
    assert "/ask?a=1&b=2&domain=upper.example.com" in ours
    assert len(ours) == 10


@pytest.mark.slow
def test_impossible_names_are_not_asked_about(tmp_path: Path) -> None:
    """Where Caddy asks about what no certificate can have, snake does not."""
    names = [b"a..example.com", b"a" * 64 + b".com", b".".join([b"a" * 60] * 5), b"last.com"]
    theirs, ours = asked(tmp_path, "", names)

    assert ours == ["/ask?a=1&b=2&domain=last.com"]
    assert len(theirs) == 4


@pytest.mark.slow
def test_managers_are_told_the_same(tmp_path: Path) -> None:
    """A manager gets the same query from the same hello."""
    theirs, ours = asked(tmp_path, "get_certificate http {url}?x=1", [b"a.example.com"], 204)

    queries = [parse_qsl(urlsplit(each[0]).query) for each in (theirs, ours)]
    assert queries[0] == queries[1]
    assert dict(queries[1])["local_ip"] == "127.0.0.1"
