"""When file descriptors run out: the server waits, recovers, and stays quiet meanwhile."""

from __future__ import annotations

import resource
import socket
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.server import running

pytestmark = pytest.mark.slow

LIMIT = 80
SITE = """{
    admin off
}
http://127.0.0.1:PORT {
    python {
        module_wsgi main:app
        workers 1
    }
}
"""
APP = """
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"hi"]
"""


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_connections_wait_until_there_are_descriptors(tmp_path: Path) -> None:
    """With its descriptors used up, a worker neither spins nor fills the log; then it goes on."""
    (tmp_path / "main.py").write_text(APP)
    with running(SITE, tmp_path) as server, ExitStack() as clients:
        (worker,) = server.workers()
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (LIMIT, LIMIT))
        address = ("127.0.0.1", server.port)
        for _ in range(LIMIT + 20):
            clients.enter_context(socket.create_connection(address, 5))
        server.wait_for(
            "cannot accept connections, trying again every 1 s: [Errno 24] Too many open files"
        )
        before = cpu_seconds(worker)
        late = clients.enter_context(socket.create_connection(address, 10))
        late.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        late.settimeout(2.5)
        with pytest.raises(TimeoutError):
            late.recv(1)
        assert cpu_seconds(worker) - before < 0.5
        complaints = [record for record in server.records if record["level"] == "error"]
        assert len(complaints) < 6
        clients.pop_all().close()
        assert httpx.get(server.url, timeout=10).text == "hi"
        assert server.workers() == [worker]
