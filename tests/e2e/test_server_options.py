"""The option servers, in a server that runs."""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path

import pytest

from tests.server import Server, run, running

OPTIONS = """{{
	admin off
	auto_https off
	persist_config off
	{rest}
}}
"""


def talk(server: Server, data: bytes) -> bytes:
    """Send bytes, and return all that comes until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as sock:
        sock.sendall(data)
        received = b""
        try:
            while more := sock.recv(65536):
                received += more
        except ConnectionResetError:
            pass
        return received


def config(options: str, site: str = "respond {http.request.header.X_Id}") -> str:
    """Return a site with these options of servers."""
    return OPTIONS.format(rest=f"servers {{\n{options}\n}}") + f":PORT {{\n{site}\n}}\n"


def test_limits_and_names_of_headers(tmp_path: Path) -> None:
    """The size of a head is limited, and names with underscores are kept that are expected."""
    options = "max_header_size 2KiB\nexpected_underscore_headers X_Id"
    with running(config(options), tmp_path) as server:
        get = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX_Id: 7\r\n"
        assert talk(server, get + b"\r\n").endswith(b"\r\n\r\n7")
        assert talk(server, get + b"X-Long: " + b"a" * 3000 + b"\r\n\r\n").startswith(
            b"HTTP/1.1 431 "
        )


def test_timeouts(tmp_path: Path) -> None:
    """A client that says nothing more is gone when the time that the option has is over."""
    options = "timeouts {\nread_header 300ms\nidle 300ms\n}"
    with running(config(options), tmp_path) as server:
        began = time.monotonic()
        talk(server, b"GET / HTTP/1.1\r\nHost")
        talk(server, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert time.monotonic() - began < 12


def test_credentials_are_logged(tmp_path: Path) -> None:
    """With log_credentials, what would be hidden is in the access log."""
    with running(config("log_credentials", "log\nrespond ok"), tmp_path) as server:
        talk(server, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: a=b\r\n\r\n")
        record = server.wait_for("handled request")
        assert record["request"]["headers"]["Cookie"] == ["a=b"]


@pytest.mark.parametrize(("protocols", "spoken"), [("h1", False), ("h1 h2c", True)])
def test_protocols(tmp_path: Path, protocols: str, spoken: bool) -> None:  # noqa: FBT001
    """Without h2c, a client that begins with HTTP/2 is refused."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
    with (
        running(config(f"protocols {protocols}"), tmp_path) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=15) as sock,
    ):
        sock.sendall(preface)
        assert sock.recv(9).startswith(b"HTTP/1.1 ") is not spoken


def test_delay_of_the_end(tmp_path: Path) -> None:
    """For the shutdown delay, new clients are served as ever, and can be told of it."""
    site = 'respond "{http.shutting_down} [{http.time_until_shutdown}] ok"'
    text = OPTIONS.format(rest="shutdown_delay 2s") + f":PORT {{\n{site}\n}}\n"
    with running(text, tmp_path) as server:
        get = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        assert talk(server, get).endswith(b"false [] ok")
        server.send(15)  # type: ignore[arg-type]
        server.wait_for("going on for the shutdown delay")
        while not (answer := talk(server, get)).endswith(b"s] ok"):
            assert answer.endswith(b"false [] ok")  # the workers are about to hear of it
        assert re.search(rb"true \[\d[^]]*s\] ok$", answer)
        assert server.wait() == 0


def test_what_does_not_run_is_refused(tmp_path: Path) -> None:
    """An option that would do nothing is refused at its line."""
    text = OPTIONS.format(rest="servers {\n\t\tprotocols h2c\n\t}") + ":8080 {\n}\n"
    (tmp_path / "Caddyfile").write_text(text)

    done = run("validate", folder=tmp_path)

    assert done.returncode == 1
    assert "in this version of snake" in done.stderr
    assert "Caddyfile:6: " in done.stderr
    assert "    \t\tprotocols" in done.stderr
