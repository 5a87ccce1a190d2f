"""One storage for Caddy and snake, and for several snakes."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.acme.pebble import Pebble, needs_pebble, pebble
from tests.cache.serving import NO_REDIS, REDIS, redis
from tests.server import Server, free_port, running
from tests.storage.caddys import running_caddy, served

needs_redis = pytest.mark.skipif(REDIS is None, reason=NO_REDIS)
PATIENCE = 40.0
NAMES = ("a.example.com", "*.internal.localhost", "localhost")
LATER = "b.example.com"


def document(ca: str, root: Path | None, storage: str, *sites: str, http: int, https: int) -> str:
    """Return a Caddyfile that either of them can run."""
    trusted = f"acme_ca_root {root}" if root else ""
    return f"""{{
        admin off
        skip_install_trust
        http_port {http}
        https_port {https}
        acme_ca {ca}
        {trusted}
        email me@example.com
        storage {storage}
    }}
    {", ".join(sites)} {{
        respond hello
    }}
    """


def serial(port: int, name: str) -> int:
    """Return the serial number of the certificate for a name, when there is one."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return served(port, name.replace("*", "x")).serial_number
        except OSError:
            assert time.monotonic() < end, f"nothing is served for {name}"
            time.sleep(0.05)


def contents(folder: Path, *prefixes: str) -> dict[str, bytes]:
    """Return the files of a storage below some prefixes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for prefix in prefixes
        for path in (folder / prefix).rglob("*")
        if path.is_file()
    }


@pytest.mark.slow
@needs_pebble
def test_from_caddy_to_snake_and_back(tmp_path: Path) -> None:
    """Snake serves what Caddy has obtained, adds to it by the same account, and Caddy goes on."""
    storage = tmp_path / "storage"
    option = f"file_system {storage}"
    with pebble(tmp_path / "pebble") as ca:
        ports = {"http": ca.http_port, "https": ca.tls_port}
        first = document(ca.directory, ca.root, option, *NAMES, **ports)
        second = document(ca.directory, ca.root, option, *NAMES, LATER, **ports)

        with running_caddy(first, tmp_path) as caddy:
            serials = {name: serial(ca.tls_port, name) for name in NAMES}
        before = contents(storage, "certificates", "acme", "pki")
        assert len([each for each in before if each.endswith(".crt")]) == len(NAMES) + 2

        with running(second, tmp_path) as snake:
            assert {name: serial(ca.tls_port, name) for name in NAMES} == serials
            serials[LATER] = serial(ca.tls_port, LATER)
            assert "obtained" in snake.log
        after = contents(storage, "certificates", "acme", "pki")
        assert {name: after.get(name) for name in before} == before
        added = {*after} - {*before}
        assert len(added) == 3
        assert all(LATER in name for name in added)

        with running_caddy(second, tmp_path) as caddy:
            assert {name: serial(ca.tls_port, name) for name in (*NAMES, LATER)} == serials
            assert "obtaining certificate" not in caddy.log
        assert contents(storage, "certificates", "acme", "pki") == after


@pytest.mark.slow
@needs_pebble
def test_from_snake_to_caddy(tmp_path: Path) -> None:
    """Caddy serves what snake has obtained, and goes on with its account and its authority."""
    storage = tmp_path / "storage"
    option = f"file_system {storage}"
    with pebble(tmp_path / "pebble") as ca:
        ports = {"http": ca.http_port, "https": ca.tls_port}
        with running(document(ca.directory, ca.root, option, *NAMES, **ports), tmp_path) as snake:
            serials = {name: serial(ca.tls_port, name) for name in NAMES}
            snake.wait_for("certificate obtained", count=len(NAMES))
        before = contents(storage, "certificates", "acme", "pki")
        later = document(ca.directory, ca.root, option, *NAMES, LATER, **ports)
        with running_caddy(later, tmp_path) as caddy:
            assert {name: serial(ca.tls_port, name) for name in NAMES} == serials
            assert serial(ca.tls_port, LATER)
            caddy.says("certificate obtained successfully")
        after = contents(storage, "certificates", "acme", "pki")

    assert {name: after.get(name) for name in before} == before
    assert all(LATER in name for name in {*after} - {*before})


@pytest.mark.slow
@needs_pebble
@pytest.mark.parametrize("asked", ["caddy", "snake"])
def test_challenges_of_the_other(tmp_path: Path, asked: str) -> None:
    """On one folder, either answers the CA for what the other one obtains."""
    option = f"file_system {tmp_path / 'storage'}"
    with pebble(tmp_path / "pebble") as ca:
        here = {"http": ca.http_port, "https": ca.tls_port}
        there = {"http": free_port(), "https": free_port()}
        caddys, snakes = (here, there) if asked == "caddy" else (there, here)
        one = document(ca.directory, ca.root, option, "a.example.com", **caddys)
        two = document(ca.directory, ca.root, option, "b.example.com", **snakes)
        with ExitStack() as stack:  # the one that is asked is there first
            if asked == "snake":
                stack.enter_context(running(two, tmp_path))
                stack.enter_context(running_caddy(one, tmp_path))
            else:
                caddy = stack.enter_context(running_caddy(one, tmp_path))
                caddy.says("serving initial configuration")
                stack.enter_context(running(two, tmp_path))
            assert serial(caddys["https"], "a.example.com")
            assert serial(snakes["https"], "b.example.com")


@contextmanager
def sharing(
    folder: Path, ca: Pebble | str, port: int, *sites: str, **ports: int
) -> Iterator[Server]:
    """Run a snake in a folder of its own, with a Redis that all of them share."""
    folder.mkdir()
    storage = f"redis {{\naddress 127.0.0.1:{port}\npassword p@ss:word\n}}"
    directory, root = (ca, None) if isinstance(ca, str) else (ca.directory, ca.root)
    with running(document(directory, root, storage, *sites, **ports), folder) as snake:
        yield snake


@pytest.mark.slow
@needs_pebble
@needs_redis
def test_two_snakes(tmp_path: Path) -> None:
    """What one has obtained the other serves; and it answers the CA when that asks for the first.

    The CA connects to the second one alone.
    """
    port = free_port()
    with pebble(tmp_path / "pebble") as ca, redis("--port", str(port)):
        here = {"http": ca.http_port, "https": ca.tls_port}
        there = {"http": free_port(), "https": free_port()}
        with (
            sharing(tmp_path / "one", ca, port, "a.example.com", **here),
            sharing(tmp_path / "two", ca, port, "b.example.com", **there),
        ):
            of_b = serial(there["https"], "b.example.com")
            of_a = serial(ca.tls_port, "a.example.com")
        with sharing(
            tmp_path / "three", ca, port, "a.example.com", "b.example.com", **there
        ) as third:
            assert serial(there["https"], "a.example.com") == of_a
            assert serial(there["https"], "b.example.com") == of_b
            assert "certificate obtained" not in third.log


@pytest.mark.slow
@needs_pebble
@needs_redis
def test_one_dies_at_it(tmp_path: Path) -> None:
    """If one is killed while it obtains a certificate, another that waits does it."""
    port = free_port()
    with (
        pebble(tmp_path / "pebble") as ca,
        redis("--port", str(port)),
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        slow = f"https://127.0.0.1:{silent.getsockname()[1]}/directory"
        there = {"http": free_port(), "https": free_port()}
        here = {"http": ca.http_port, "https": ca.tls_port}
        with sharing(tmp_path / "one", slow, port, "a.example.com", **there) as one:
            silent.settimeout(PATIENCE)
            asked, _ = silent.accept()  # it has the lock by now
            with sharing(tmp_path / "two", ca, port, "a.example.com", **here) as two:
                time.sleep(3)
                assert "certificate obtained" not in two.log
                one.send(signal.SIGKILL)
                one.wait()
                assert serial(ca.tls_port, "a.example.com") > 0
                two.wait_for("certificate obtained")
            asked.close()
