"""Sockets that a service manager opened before snake: by number, name and placeholder."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.e2e.test_http3 import body, client
from tests.e2e.test_https import Site, ask
from tests.server import Server, environment, free_port

pytestmark = pytest.mark.slow

LAUNCH = """
import fcntl, os, sys
given = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 50) for fd in sys.argv[1].split(",")]
for number, fd in enumerate(given, 3):
    os.dup2(fd, number)
    os.close(fd)
os.environ |= {
    "LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(given)), "LISTEN_FDNAMES": sys.argv[2]
}
os.execv(sys.executable, [sys.executable, "-m", "snake", "run"])
"""
SITES = """{
    admin off
    skip_install_trust
    local_certs
    auto_https disable_redirects
}
http://127.0.0.1 {
    bind fd/web {
        protocols h1
    }
    python {
        module_wsgi main:app
        workers 2
    }
}
https://localhost {
    bind fd/{env.TLS_FD} {
        protocols h1 h2
    }
    bind fdgram/quic {
        protocols h3
    }
    respond {http.request.proto}
}
"""
APP = """
import os

def app(environ, start_response):
    start_response("200 OK", [])
    # os.popen closes no descriptors for the program
    return [os.popen("ls -l /proc/self/fd").read().encode()]
"""


@contextmanager
def activated(folder: Path, *socks: socket.socket, names: str) -> Iterator[Server]:
    """Start snake with these sockets as descriptors 3, 4 and so on."""
    fds = [sock.fileno() for sock in socks]
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCH, ",".join(map(str, fds)), names],
        cwd=folder,
        env=environment(folder) | {"TLS_FD": "4"},
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=fds,
    )
    server = Server(process, socks[0].getsockname()[1], folder)
    try:
        server.wait_for("serving")
        yield server
    finally:
        server.stop()


async def test_all_of_http_comes_through_sockets_that_were_there(tmp_path: Path) -> None:
    """HTTP, HTTPS and HTTP/3 over inherited sockets, with two workers, also after a reload.

    Alt-Svc has the port of the socket, no program gets the descriptors, and after the end the
    next connection waits for whoever is started next.
    """
    (tmp_path / "main.py").write_text(APP)
    (tmp_path / "Caddyfile").write_text(SITES)
    port = free_port()
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", port))
    with (
        udp,
        socket.create_server(("127.0.0.1", 0)) as web,
        socket.create_server(("127.0.0.1", port)) as tls,
    ):
        with activated(tmp_path, web, tls, udp, names="web:tls:quic") as server:
            site = Site(server, port, tmp_path)
            for count in (1, 2):
                held = await asyncio.to_thread(httpx.get, server.url)
                assert "socket:" not in held.text
                with site.connect("localhost") as made:
                    assert ask(made, "localhost") == "HTTP/1.1"
                    made.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    assert f'alt-svc: h3=":{port}"' in made.recv(65_536).decode().lower()
                for _ in range(4):
                    async with client(site) as made_by_quic:
                        assert await body(made_by_quic, site) == b"HTTP/3.0"
                server.send(signal.SIGUSR1)
                server.wait_for("reloaded the configuration", count=count)
        waiting = socket.create_connection(web.getsockname(), 5)
        waiting.close()


def test_what_is_no_such_socket_is_named(tmp_path: Path) -> None:
    """A name that was not passed is told with those that were, and where it stands."""
    (tmp_path / "Caddyfile").write_text("http://localhost {\n\tbind fd/wbe\n\trespond x\n}\n")
    told = r"Caddyfile:1: cannot listen on fd/wbe: no descriptor is named 'wbe': web is 3"
    with (
        socket.create_server(("127.0.0.1", 0)) as web,
        pytest.raises(AssertionError, match=told),
        activated(tmp_path, web, names="web"),
    ):
        pass


@pytest.mark.skipif(
    not shutil.which("systemd-socket-activate"), reason="there is no systemd-socket-activate"
)
def test_systemd_starts_it_with_the_first_connection(tmp_path: Path) -> None:
    """`systemd-socket-activate` listens, the first connection starts snake, and is answered."""
    port = free_port()
    (tmp_path / "Caddyfile").write_text(
        "{\n\tadmin off\n}\nhttp:// {\n\tbind fd/web {\n\t\tprotocols h1\n\t}\n\trespond hi\n}\n"
    )
    process = subprocess.Popen(
        [
            *("systemd-socket-activate", f"--listen=127.0.0.1:{port}", "--fdname=web"),
            *(f"--setenv={name}" for name in environment(tmp_path)),
            *(sys.executable, "-m", "snake", "run"),
        ],
        cwd=tmp_path,
        env=environment(tmp_path),
        stderr=subprocess.PIPE,
        text=True,
    )
    server = Server(process, port, tmp_path)
    deadline = time.monotonic() + 5
    while "Listening on" not in server.log:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert httpx.get(server.url, timeout=20).text == "hi"
    assert server.stop() == 0
