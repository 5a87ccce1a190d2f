"""`snake trust` and `snake untrust`: where the root comes from, and what they say."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from snake.cli.local_trust import find_root
from snake.core.errors import SnakeError
from snake.pki.trust import debian
from snake.pki.trust.root import Root
from snake.pki.trust.tool import run as run_tool
from tests.caddy import adapter
from tests.pki.machine import Machine, machine
from tests.pki.requests import provisioned
from tests.server import free_port, run

__all__ = ["machine"]

CADDYFILE = "{\n\tstorage file_system STORAGE\n}\nlocalhost {\n\ttls internal\n}\n"

needs_nss = pytest.mark.skipif(
    shutil.which("certutil") is None, reason="no certutil: apt install libnss3-tools"
)


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """The root in the storage of `Caddyfile`."""
    (tmp_path / "Caddyfile").write_text(CADDYFILE.replace("STORAGE", str(tmp_path / "storage")))

    async def made() -> Root:
        settings = {"name": "snake test"}
        return Root.of((await (await provisioned(tmp_path / "storage", local=settings)).get()).root)

    return asyncio.run(made())


@needs_nss
@pytest.mark.slow
def test_trust_and_untrust_say_what_they_did(machine: Machine, tmp_path: Path, root: Root) -> None:
    """Each store has a line: what was done, where, or why not."""
    database = tmp_path / "home/.pki/nssdb"
    database.mkdir(parents=True)
    run_tool(("certutil", "-N", "-d", f"sql:{database}", "--empty-password"))
    config = ("--config", f"{tmp_path}/Caddyfile")

    trusted = machine.snake("trust", *config, HOME=str(tmp_path / "home"))
    untrusted = machine.snake("untrust", *config, HOME=str(tmp_path / "home"))

    assert trusted.splitlines() == [
        f"{root.name}, from {tmp_path}/storage: pki/authorities/local/root.crt",
        f"  Debian: added: {debian.store.file(root)}",
        f"  NSS (Firefox, Chromium): added: {database}",
        "  Java: skipped: JAVA_HOME is not set",
    ]
    assert untrusted.splitlines()[1:] == [
        f"  Debian: removed: {debian.store.file(root)}",
        f"  NSS (Firefox, Chromium): removed: {database}",
        "  Java: skipped: JAVA_HOME is not set",
    ]


def test_server_that_runs_is_asked(machine: Machine, tmp_path: Path) -> None:
    """The root that its admin API tells is the one, and not that of a storage."""
    with adapter() as caddy:
        address = f"unix/{caddy.folder.parent}/admin.sock"
        said = machine.snake("untrust", "--address", address, HOME=str(tmp_path))
        with pytest.raises(SnakeError, match="no certificate authority configured with id: no"):
            find_root("no", address, None, None)

    assert re.match(rf"Caddy Local Authority - .*, from the server at {address}\n", said)


PRETENDER = """
import json, os, socket, sys
body = json.dumps({"root_certificate": open(0).read()}).encode()
os.setuid(65534)
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print(flush=True)
while True:
    connection, _ = server.accept()
    connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be anybody")
def test_root_does_not_believe_anybody(tmp_path: Path, root: Root) -> None:
    """Who listens where a server would be cannot have the machine trust his own authority."""
    port = free_port()
    (tmp_path / "own.crt").write_text(root.pem)
    with (
        (tmp_path / "own.crt").open() as own,
        subprocess.Popen(
            [sys.executable, "-c", PRETENDER, str(port)],
            stdin=own,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as pretender,
    ):
        assert pretender.stdout
        pretender.stdout.readline()
        env = {"CADDY_ADMIN": f"127.0.0.1:{port}"}
        done = run("untrust", folder=tmp_path, env=env)
        named = run("untrust", "--address", env["CADDY_ADMIN"], folder=tmp_path)
        pretender.kill()

    assert re.search(rf"Error: the user \w+ listens at 127.0.0.1:{port}, and this", done.stderr)
    assert (done.returncode, done.stdout) == (1, "")
    assert named.stdout.startswith(f"{root.name}, from the server at 127.0.0.1:{port}\n")


def test_untrust_takes_a_file(machine: Machine, tmp_path: Path, root: Root) -> None:
    """A root may be named by its file; one that nobody trusts is in order."""
    (tmp_path / "old.crt").write_bytes(root.der)

    said = machine.snake("untrust", "--cert", f"{tmp_path}/old.crt", HOME=str(tmp_path))

    assert said.splitlines()[:2] == [root.name, "  Debian: not there"]


def test_home_of_sudo_is_hinted_at(tmp_path: Path) -> None:
    """Who has called it by sudo is told that root has another home."""
    done = run("trust", folder=tmp_path, env={"SUDO_USER": "me", "HOME": str(tmp_path)})

    assert "sudo -E keeps yours" in done.stderr
    assert done.returncode == 1


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["trust", "--ca", "ofice"], "no certificate authority is configured with the ID 'ofice'"),
        (["trust", "--address", "unix/none"], "nothing listens at unix/none"),
        (["trust", "--address", "x:y"], '"y" is no port'),
        (["untrust", "--cert", "a", "--ca", "b"], "it goes without --ca, --address, --config"),
        (["untrust", "--cert", "nowhere"], "cannot read nowhere: No such file"),
        (["untrust", "--cert", "Caddyfile"], "Caddyfile: no certificate in PEM or DER"),
        (["trust", "--config", "nowhere"], "cannot read nowhere"),
        (["trust", "--config", "empty.caddyfile"], "the server makes it when it first needs it"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, args: list[str], message: str) -> None:
    """What cannot be done is an error with the way out, and the exit code is 1."""
    (tmp_path / "empty.caddyfile").write_text("{\n\tstorage file_system empty\n}\n")

    done = run(*args, folder=tmp_path)

    assert message in done.stderr
    assert done.returncode == 1
    assert not (tmp_path / "empty").exists()
