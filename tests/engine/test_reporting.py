"""What `GET /snake/status` tells of a server that runs."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
from collections.abc import Iterator
from pathlib import Path
from shutil import copy
from typing import Any, cast

import httpx
import msgspec
import pytest
from aioquic.asyncio import connect
from aioquic.quic.configuration import QuicConfiguration

from snake.metrics.report import Report, Site
from tests.server import Server, free_port, running
from tests.transport.quic.client import Client, head

SITE = """{
	admin 127.0.0.1:ADMIN
	local_certs
	skip_install_trust
	auto_https disable_redirects
}
http://127.0.0.1:PORT, http://named.test:PORT {
	handle_path /app/* {
		python {
			module_wsgi counted_app:app
			workers 2
		}
	}
	handle_path /p/* {
		python {
			module_wsgi counted_app:app
			workers 1
			working_dir apart
		}
	}
	handle {
		respond hello
	}
}
https://secure.test:TLSPORT {
	respond secret
}
"""


class Reported(Server):
    """A server with an admin API."""

    admin: str

    def report(self) -> Report:
        """Return what it tells of itself."""
        answer = httpx.get(f"{self.admin}/snake/status")
        assert answer.headers["content-type"] == "application/json"
        return msgspec.json.decode(answer.content, type=Report)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reported]:
    """A server with apps of both kinds, and a certificate."""
    folder = tmp_path_factory.mktemp("report")
    for each in (folder, folder / "apart"):
        each.mkdir(exist_ok=True)
        copy(Path(__file__).parents[1] / "e2e" / "counted_app.py", each)
    admin, tls = free_port(), free_port()
    site = SITE.replace("ADMIN", str(admin)).replace("TLSPORT", str(tls))
    with running(site, folder) as server:
        server.__class__ = Reported
        assert isinstance(server, Reported)
        server.admin = f"http://127.0.0.1:{admin}"
        yield server


def test_all_of_it(server: Reported) -> None:
    """It says what runs, where, why, and what it has done."""
    for path in ("app/a", "app/b", "app/fail", "p/a", "x"):
        httpx.get(f"{server.url}/{path}")
    found = server.report()
    workers = server.workers()

    assert found.pid == server.pid
    assert 0 < found.uptime < 60
    assert found.configuration.source == str(server.folder / "Caddyfile")
    assert found.configuration.last_reload is None
    (serving,) = found.generations
    assert [(each.worker, each.pid, each.state) for each in serving.workers] == [
        (index, pid, "serving") for index, pid in enumerate(workers)
    ]
    assert all((each.resources.resident_memory or 0) > 1e6 for each in serving.workers)
    own, apart = sorted(found.apps, key=lambda app: app.working_dir)
    assert (own.place, own.pids, own.requests, own.errors) == ("workers", tuple(workers), 3, 1)
    assert own.pool is None
    assert (apart.place, apart.processes, apart.requests) == ("pool", 1, 1)
    assert apart.pool is not None
    assert apart.pids == apart.pool.pids
    assert apart.pids[0] not in workers
    assert apart.pool.queue.count == 1
    sites = {each.site: each for each in found.sites}
    assert sites["127.0.0.1, named.test"].statuses == {"2xx": 4, "5xx": 1}
    assert sites["secure.test"].requests == 0
    assert {each.encrypted for each in found.listeners} == {False, True}


def test_certificates_without_secrets(server: Reported) -> None:
    """Certificates are told with when they end and are renewed, and never with their keys."""
    server.wait_for("certificate obtained")
    (certificate,) = server.report().certificates
    text = httpx.get(f"{server.admin}/snake/status").text

    assert certificate.name == "secure.test"
    assert certificate.managed
    assert certificate.renews is not None
    assert certificate.not_after is not None
    assert certificate.renews < certificate.not_after
    assert "PRIVATE" not in text
    assert "BEGIN" not in text


async def test_every_protocol_counts(server: Reported) -> None:
    """A request by HTTP/1.1, HTTP/2 or HTTP/3 is the same to a site."""
    await asyncio.to_thread(server.wait_for, "certificate obtained")
    (port,) = [
        each.bound.rpartition(":")[2] for each in server.report().listeners if each.encrypted
    ]
    before = secure(server)
    for http2 in (False, True):
        async with httpx.AsyncClient(http2=http2, verify=False) as client:
            told = await client.get(
                f"https://127.0.0.1:{port}/",
                headers={"Host": "secure.test"},
                extensions={"sni_hostname": "secure.test"},
            )
            assert (told.status_code, told.http_version) == (200, "HTTP/2" if http2 else "HTTP/1.1")
    quic = QuicConfiguration(
        alpn_protocols=["h3"], server_name="secure.test", verify_mode=ssl.CERT_NONE
    )
    async with connect("127.0.0.1", int(port), configuration=quic, create_protocol=Client) as made:
        answer = await cast("Client", made).request(head("GET", "/", "secure.test"))
        assert answer.status == 200
    after = secure(server)

    assert after.statuses["2xx"] == before.statuses.get("2xx", 0) + 3
    assert after.duration.count == before.duration.count + 3


def secure(server: Reported) -> Site:
    """Return what is told of the site with TLS."""
    (found,) = [each for each in server.report().sites if each.site == "secure.test"]
    return found


def test_other_methods_are_refused(server: Reported) -> None:
    """There is nothing to be changed there."""
    answer = httpx.post(f"{server.admin}/snake/status")

    assert answer.status_code == 405
    assert answer.json() == {"error": "method not allowed"}


def test_problems_are_named(server: Reported) -> None:
    """A reload that fails is a problem as long as no other has succeeded, if only an unchanged one.

    All of its lines are told.
    """
    file = server.folder / "Caddyfile"
    good = file.read_text()
    file.write_text("{")
    server.send(signal.SIGUSR1)
    server.wait_for("cannot reload the configuration; the old one goes on")
    failed = server.report()
    running = httpx.get(f"{server.admin}/config/").content
    kind = {"Content-Type": "application/json"}
    answer = httpx.post(f"{server.admin}/load", content=running, headers=kind)
    unchanged = server.report()
    file.write_text(good + "\n# once more\n")
    server.send(signal.SIGUSR1)
    server.wait_for("reloaded the configuration")
    after = server.report()

    (problem,) = failed.problems
    assert problem.startswith("the last reload failed: Caddyfile:")
    assert "\n" in problem
    assert (failed.configuration.attempts, failed.configuration.failures) == (1, 1)
    assert (answer.headers["Snake-Unchanged"], unchanged.problems) == ("true", ())
    assert (after.configuration.attempts, after.configuration.failures) == (2, 1)
    assert after.problems == ()


def test_a_process_that_dies_is_counted(server: Reported) -> None:
    """Each start is told with its cause."""
    pid = server.report().generations[0].workers[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    server.wait_for("worker started")
    found: dict[Any, int] = {
        (each.worker, each.cause): each.count for each in server.report().starts
    }

    assert found[0, "died"] == 1
    assert found[0, "loaded"] == found[1, "loaded"] >= 1
