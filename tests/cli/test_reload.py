"""`snake reload`: another configuration for a server that runs."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.caddy import binary
from tests.server import Server, free_ports, run, running

pytestmark = pytest.mark.slow

APP = "async def app(scope, receive, send):\n    raise RuntimeError\n"
DONE = "reloaded the configuration"


def site(port: int, admin: int, *lines: str) -> str:
    """Return a Caddyfile."""
    text = "".join(f"\t{line}\n" for line in lines)
    return f"{{\n\tadmin localhost:{admin}\n}}\n\n:{port} {{\n{text}}}\n"


class Running:
    """A server whose configuration is reloaded."""

    def __init__(self, server: Server, admin: int) -> None:
        self.server = server
        self.admin = admin
        self.folder = server.folder

    def reload(
        self, *lines: str, args: tuple[str, ...] = (), name: str = "Caddyfile"
    ) -> subprocess.CompletedProcess[str]:
        """Write a configuration, and have the server take it."""
        (self.folder / name).write_text(site(self.server.port, self.admin, *lines))
        return run("reload", *args, folder=self.folder)

    @property
    def text(self) -> str:
        """What the site answers."""
        return httpx.get(self.server.url).text


@pytest.fixture(scope="module")
def reloaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return a server that answers `one`."""
    folder = tmp_path_factory.mktemp("reload")
    (admin,) = free_ports(1)
    (folder / "main.py").write_text(APP)
    config = site(0, admin, "respond one").replace(":0 ", ":PORT ")
    with running(config, folder) as server:
        yield Running(server, admin)


def test_what_is_new_runs(reloaded: Running) -> None:
    """Nothing is said of it. What is the same is not loaded again, unless it has to be."""
    done = reloaded.reload("respond two")
    assert (done.returncode, done.stdout) == (0, "")
    assert reloaded.text == "two"
    pid = reloaded.server.records[-1]
    assert reloaded.reload("respond two").returncode == 0
    reloaded.server.wait_for("config is unchanged")
    assert pid in reloaded.server.records
    assert reloaded.reload("respond two", args=("--force",)).returncode == 0
    assert [each["msg"] for each in reloaded.server.records].count("load complete") == 3


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("respnd hi", "Caddyfile:6: unrecognized directive: respnd"),
        ("python {\n\t\tmodule_asgi main:none\n\t}", "Caddyfile:7: "),
    ],
    ids=["word", "app"],
)
def test_what_cannot_run_is_told_with_its_place(reloaded: Running, line: str, told: str) -> None:
    """What the command finds, and what the server does, alike; the one before serves on."""
    reloaded.reload("respond before")
    done = reloaded.reload(line)
    assert done.returncode == 1
    error = done.stderr.rpartition("Error: ")[2]
    assert error.startswith(told)
    assert "^" in error
    assert reloaded.text == "before"


def test_what_sigusr1_reads_then(reloaded: Running) -> None:
    """The file that was loaded last; none after a change by the API alone."""
    server = reloaded.server
    assert reloaded.reload("respond c", args=("-c", "c.caddyfile"), name="c.caddyfile").stdout == ""
    assert reloaded.text == "c"
    server.send(signal.SIGUSR1)
    assert server.wait_for(DONE)["file"] == str(reloaded.folder / "c.caddyfile")
    url = f"http://localhost:{reloaded.admin}/config/apps/http/grace_period"
    httpx.post(url, json=10**9).raise_for_status()
    server.send(signal.SIGUSR1)
    server.wait_for("the configuration is in no file that can be read again")
    assert reloaded.text == "c"


def test_other_addresses(reloaded: Running) -> None:
    """The new configuration says where the server is; if that is to change, `--address` does."""
    old, (new,) = reloaded.admin, free_ports(1)
    reloaded.admin = new
    done = reloaded.reload("respond new")
    assert done.returncode == 1
    assert f"nothing listens at localhost:{new}" in done.stderr
    assert reloaded.reload("respond new", args=("--address", f"localhost:{old}")).returncode == 0
    assert reloaded.text == "new"
    assert reloaded.reload("respond newer").returncode == 0
    assert reloaded.text == "newer"


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ((), "there is no Caddyfile in this folder"),
        (("-c", "none.json"), "cannot read none.json: No such file or directory"),
        (
            ("-c", "a.json", "-a", "caddyfle"),
            'unknown adapter "caddyfle"; did you mean "caddyfile"',
        ),
        (("-c", "a.json", "--address", "http://a"), "the address of an admin API has no scheme"),
        (("-c", "a.json"), "CADDY_ADMIN=off turns the admin API off"),
        (("-c", "bad.json"), "bad.json:1:2: JSON is malformed"),
    ],
    ids=["nothing", "file", "adapter", "address", "off", "malformed"],
)
def test_what_is_wrong_is_told(tmp_path: Path, args: tuple[str, ...], told: str) -> None:
    """A file, a flag or an address that is none."""
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "bad.json").write_text("{")
    done = run("reload", *args, folder=tmp_path)
    assert done.returncode == 1
    assert told in done.stderr


def test_caddys_own_command(reloaded: Running) -> None:
    """`caddy reload` does the same; it names the file as it sees it, which is still the source."""
    reloaded.reload("respond before")
    config = site(reloaded.server.port, reloaded.admin, "respond caddy")
    (reloaded.folder / "Caddyfile").write_text(config)
    subprocess.run([binary(), "reload"], cwd=reloaded.folder, check=True, capture_output=True)
    assert reloaded.text == "caddy"
    count = [each["msg"] for each in reloaded.server.records].count(DONE)
    reloaded.server.send(signal.SIGUSR1)
    reloaded.server.wait_for(DONE, count=count + 1)
