"""What the admin API tells beside the configuration, by snake and by the real Caddy."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509

from tests.caddy import binary
from tests.server import Server, free_ports, running

pytestmark = pytest.mark.slow

SITE = """
{{
	admin unix/{admin}
	skip_install_trust
	auto_https off
	pki {{
		ca other {{
			name "Its <Name>"
		}}
	}}
}}
:{port} {{
	reverse_proxy 127.0.0.1:{up} 127.0.0.1:{down} {{
		lb_policy first
		fail_duration 1m
		lb_try_duration 1s
	}}
}}
:{other} {{
	reverse_proxy 127.0.0.1:{up}
}}
"""


class Asked:
    """A server's admin API."""

    def __init__(self, admin: Path) -> None:
        self._admin = str(admin)

    def both(self, method: str, path: str) -> tuple[int, str, str]:
        """Return status, type and body of an answer."""
        with httpx.Client(transport=httpx.HTTPTransport(uds=self._admin)) as client:
            answer = client.request(method, f"http://127.0.0.1{path}")
        return answer.status_code, answer.headers.get("content-type", ""), answer.text


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Return a folder with a short name, for sockets."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    """Return the ports of snake, and of its upstreams: nobody listens on one of these."""
    return dict(zip(("port", "other", "up", "down"), free_ports(4), strict=True))


@pytest.fixture(scope="module")
def server(folder: Path, ports: dict[str, int]) -> Iterator[Server]:
    """Return a running snake."""
    with running(SITE.format(admin=folder / "snake.sock", **ports), folder) as started:
        yield started


@pytest.fixture(scope="module")
def snake(server: Server) -> Asked:
    """Return snake's API."""
    return Asked(server.folder / "snake.sock")


@pytest.fixture(scope="module")
def caddy(folder: Path, ports: dict[str, int]) -> Iterator[Asked]:
    """Return the API of a Caddy with the same configuration, on other ports."""
    own = folder / "caddy"
    own.mkdir()
    mine = ports | dict(zip(("port", "other"), free_ports(2), strict=True))
    (own / "Caddyfile").write_text(SITE.format(admin=folder / "caddy.sock", **mine))
    process = subprocess.Popen(
        [binary(), "run"],
        cwd=own,
        env={"PATH": "", "HOME": str(own)},
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 20
        while not listens(folder / "caddy.sock"):
            assert time.monotonic() < end
            time.sleep(0.05)
        yield Asked(folder / "caddy.sock")
    finally:
        process.terminate()
        process.wait()


def listens(path: Path) -> bool:
    """Whether anybody takes connections there."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/pki/ca/none"),
        ("GET", "/pki/ca/none/certificates"),
        ("GET", "/pki/ca/"),
        ("GET", "/pki/"),
        ("GET", "/pki/ca/other/keys"),
        ("POST", "/pki/ca/other"),
        ("DELETE", "/pki/ca/other/certificates"),
        ("POST", "/reverse_proxy/upstreams"),
    ],
)
def test_refusals_are_caddys(snake: Asked, caddy: Asked, method: str, path: str) -> None:
    """Status, type and body of what there is not are the same."""
    assert snake.both(method, path) == caddy.both(method, path)


@pytest.mark.parametrize("id", ["other", "local"])
def test_an_authority(snake: Asked, caddy: Asked, id: str) -> None:
    """What is told of one is what Caddy tells, but for the keys; the default one is made."""
    ours, theirs = snake.both("GET", f"/pki/ca/{id}"), caddy.both("GET", f"/pki/ca/{id}")
    assert ours[:2] == theirs[:2]
    told, expected = json.loads(ours[2]), json.loads(theirs[2])
    assert list(told) == list(expected)
    for name in ("id", "name", "root_common_name", "intermediate_common_name"):
        assert told[name] == expected[name]
    certificates = snake.both("GET", f"/pki/ca/{id}/certificates")
    assert certificates[:2] == caddy.both("GET", f"/pki/ca/{id}/certificates")[:2]
    assert certificates[2] == told["intermediate_certificate"] + told["root_certificate"]
    intermediate, root = x509.load_pem_x509_certificates(certificates[2].encode())
    intermediate.verify_directly_issued_by(root)
    assert "\\u003c" in ours[2] or id == "local"
    assert "KEY" not in ours[2]


async def test_upstreams(snake: Asked, caddy: Asked, ports: dict[str, int]) -> None:
    """Each is told once, with the requests and failures that all workers have counted."""
    go, began = asyncio.Event(), asyncio.Semaphore(0)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        began.release()
        await go.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    def told(asked: Asked) -> Any:
        status, kind, text = asked.both("GET", "/reverse_proxy/upstreams")
        assert (status, kind) == (200, "application/json")
        return sorted(json.loads(text), key=lambda each: each["address"])

    addresses = sorted(f"127.0.0.1:{ports[name]}" for name in ("up", "down"))
    empty = [{"address": each, "num_requests": 0, "fails": 0} for each in addresses]
    assert await asyncio.to_thread(told, snake) == empty == await asyncio.to_thread(told, caddy)
    up = f"127.0.0.1:{ports['up']}"
    urls = [f"http://127.0.0.1:{ports[name]}" for name in ("port", "port", "other")]
    async with (
        await asyncio.start_server(answer, "127.0.0.1", ports["up"]),
        httpx.AsyncClient() as client,
    ):
        requests = [asyncio.create_task(client.get(url)) for url in urls]
        for _ in requests:
            await began.acquire()
        counted = {each["address"]: each for each in await asyncio.to_thread(told, snake)}
        assert counted[up]["num_requests"] == 3
        go.set()
        await asyncio.gather(*requests)
    # Nobody listens any more.
    async with httpx.AsyncClient() as client:
        assert (await client.get(urls[0])).status_code == 502
    counted = {each["address"]: each for each in await asyncio.to_thread(told, snake)}
    assert counted[up] == {"address": up, "num_requests": 0, "fails": 1}


def test_stacks_of_all_processes(server: Server, snake: Asked) -> None:
    """Whoever looks for what hangs is shown where every thread is."""
    status, kind, text = snake.both("GET", "/debug/pprof/goroutine?debug=2")
    assert (status, kind) == (200, "text/plain; charset=utf-8")
    assert f"supervisor, process {server.pid}" in text
    for index, pid in enumerate(server.workers()):
        assert f"worker {index}, process {pid}\n\n" in text
    assert text.count("most recent call first") >= len(server.workers())


def test_debugging(snake: Asked, caddy: Asked) -> None:
    """What Go has and Python has not is refused by name."""
    assert "goroutine" in snake.both("GET", "/debug/pprof/")[2]
    assert "-m\0snake\0run" in snake.both("GET", "/debug/pprof/cmdline")[2]
    ours, theirs = snake.both("GET", "/debug/vars"), caddy.both("GET", "/debug/vars")
    assert ours[:2] == theirs[:2]
    assert json.loads(ours[2])["cmdline"][1:4] == ["-m", "snake", "run"]
    status, _, text = snake.both("GET", "/debug/pprof/heap")
    assert status == 501
    assert "there is no heap" in json.loads(text)["error"]
    assert snake.both("GET", "/debug/pprof/none")[0] == 404
    assert caddy.both("GET", "/debug/pprof/none")[0] == 404
    assert os.fsencode(snake.both("GET", "/debug/nothing")[2]) == b"404 page not found\n"


def test_metrics(server: Server, snake: Asked, caddy: Asked) -> None:
    """All metrics are told, with those of the API as Caddy counts them."""
    for asked in (snake, caddy):
        asked.both("GET", "/pki/ca/none")
        asked.both("BREW", "/stop")
    ours, theirs = snake.both("GET", "/metrics"), caddy.both("GET", "/metrics")
    assert ours[:2] == theirs[:2]
    name = "caddy_admin_http_request"
    lines, expected = ({*text.splitlines()} for text in (ours[2], theirs[2]))
    for line in expected:
        if line.startswith(("# HELP " + name, "# TYPE " + name)):
            assert line in lines
    assert series(lines, name) >= {
        f'{name}s_total{{code="404",handler="admin",method="GET",path="/pki/"}}',
        f'{name}s_total{{code="405",handler="admin",method="OTHER",path="/stop"}}',
        f'{name}_errors_total{{handler="admin",method="GET",path="/pki/"}}',
    }
    assert "caddy_config_last_reload_successful 1.0" in lines
    assert any(line.startswith("caddy_reverse_proxy_upstreams_healthy{") for line in lines)
    assert f'snake_workers{{state="serving"}} {float(len(server.workers()))}' in lines


def series(lines: set[str], name: str) -> set[str]:
    """Return the names of figures with their labels."""
    return {line.rpartition(" ")[0] for line in lines if line.startswith(name)}
