"""The admin API listens where it is told to, and where nothing tells it at localhost:2019."""

from __future__ import annotations

import asyncio
import signal
import socket
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from snake.config.document import Document
from snake.core.errors import ConfigError
from snake.core.modules import decode
from snake.engine.admin import AdminEndpoint
from snake.engine.admin_address import admin_address
from snake.engine.own_socket import mark
from snake.python.plan import apps
from tests.admin.asking import SITE, asked, refuses
from tests.server import Server, run, running, start


def over(path: Path) -> httpx.Client:
    """Return a client that asks by a socket file."""
    transport = httpx.HTTPTransport(uds=str(path))
    return httpx.Client(transport=transport, base_url="http://anybody", timeout=20)


def mode(path: Path) -> int:
    """Return the mode of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_socket_file_has_the_mode_that_it_is_given(tmp_path: Path) -> None:
    """0200 as in Caddy, or what stands behind the path; a host is no matter there.

    It changes with the configuration, and the file goes with the server.
    """
    first, second = tmp_path / "1.sock", tmp_path / "2.sock"
    with running(SITE, tmp_path, env={"CADDY_ADMIN": f"unix/{first}"}) as server:
        server.wait_for("admin endpoint started")
        modes = [mode(first)]
        with over(first) as client:
            moved = client.put("/config/admin", json={"listen": f"unix/{second}|0600"})
        modes.append(mode(second))
        with over(second) as client:
            changed = client.patch("/config/admin/listen", json=f"unix/{second}|0660")
            modes.append(mode(second))
            assert client.get("/config/admin/listen").json() == f"unix/{second}|0660"

    assert (moved.status_code, changed.status_code) == (200, 200)
    assert modes == [0o200, 0o600, 0o660]
    assert not first.exists()
    assert not second.exists()


def test_an_inherited_socket_is_taken(tmp_path: Path) -> None:
    """As systemd hands it over: `fd/N`."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.set_inheritable(True)
        env = {"CADDY_ADMIN": f"fd/{sock.fileno()}"}
        with running(SITE, tmp_path, env=env, pass_fds=[sock.fileno()]) as server:
            server.wait_for("admin endpoint started")
            port = sock.getsockname()[1]

            assert httpx.get(f"http://localhost:{port}/config/apps").status_code == 200


def test_nothing_listens_when_it_is_off(tmp_path: Path) -> None:
    """`admin off` closes the address, and nothing opens it again."""
    with asked(tmp_path) as api:
        assert api.send("PUT", "/config/admin", {"disabled": True}).status_code == 200
        api.server.wait_for("admin endpoint disabled")
        assert refuses(api.admin)
        assert api.site() == "hi"


def test_an_address_that_was_asked_for_must_be_free(tmp_path: Path) -> None:
    """The server does not start, and says who has it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = start(f"{{\n\tadmin localhost:{port}\n}}\n{SITE}", tmp_path)

        assert server.wait() == 1
    assert f"admin/listen: the admin API cannot listen on localhost:{port}" in server.log
    assert "(by " in server.log


def test_socket_that_was_removed_is_made_again(tmp_path: Path) -> None:
    """At the next reload; until then the command tells how that is done."""
    with running(f"{{\n\tadmin unix/{tmp_path}/sock\n}}\n" + SITE, tmp_path) as server:
        server.wait_for("admin endpoint started")
        (tmp_path / "sock").unlink()
        told = run("status", folder=tmp_path)
        server.send(signal.SIGUSR1)
        server.wait_for("admin endpoint started", count=2)
        with over(tmp_path / "sock") as client:
            assert client.get("/config/").status_code == 200

    assert "SIGUSR1 has it made again" in told.stderr


def test_an_address_is_validated(tmp_path: Path) -> None:
    """`snake validate` says what `snake run` would."""
    (tmp_path / "Caddyfile").write_text(
        "{\n\tadmin localhost:4000-4001\n}\n:80 {\n\trespond hi\n}\n"
    )

    done = run("validate", folder=tmp_path)

    assert done.returncode == 1
    assert "Error: admin/listen: must be exactly one listener address" in done.stderr


def _plain(folder: Path, env: dict[str, str]) -> Server:
    """Start a server for which nothing says where its admin API is."""
    folder.mkdir()
    return start("{\n\tauto_https off\n}\n" + SITE, folder, env=env)


@pytest.fixture
def unnamed() -> Iterator[dict[str, str]]:
    """The environment where nothing says where; the names of sockets are to be short."""
    with TemporaryDirectory() as folder:
        yield {"CADDY_ADMIN": "", "XDG_CONFIG_HOME": folder}


def test_the_default_address_is_taken_if_it_is_free(
    tmp_path: Path, unnamed: dict[str, str]
) -> None:
    """A second server has a socket of its own, where commands find it by its configuration.

    One that a killed server has left is removed. Who stops or reloads the server of another
    configuration is told.
    """
    with suppress(OSError):
        socket.create_server(("127.0.0.1", 2019)).close()
    one, two, other = (tmp_path / name for name in ("one", "two", "other"))
    left = Path(unnamed["XDG_CONFIG_HOME"], "snake", f"admin-{mark(str(one / 'Caddyfile'))}.sock")
    left.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(left))
    servers = [_plain(one, unnamed)]
    try:
        servers[0].wait_for("serving")
        assert not refuses(2019)
        servers.append(_plain(two, unnamed))
        own = Path(servers[1].wait_for("admin endpoint started")["address"][len("unix/") : -5])
        assert not left.exists()
        assert stat.S_IMODE(own.stat().st_mode) == 0o600
        assert own.parent == Path(unnamed["XDG_CONFIG_HOME"], "snake")
        told = run("status", folder=two, env=unnamed)
        assert f"process {servers[1].pid}," in told.stdout
        site = (two / "Caddyfile").read_text()
        (two / "Caddyfile").write_text(site.replace("hi", "two"))
        assert "the server of" not in run("reload", folder=two, env=unnamed).stderr
        assert [httpx.get(each.url).text for each in servers] == ["hi", "two"]
        done = run("stop", "-c", "../two/Caddyfile", folder=two, env=unnamed)
        assert (done.returncode, servers[1].process.poll()) == (0, 0), done.stderr
        assert not own.exists()

        other.mkdir()
        (other / "Caddyfile").write_text((one / "Caddyfile").read_text().replace("hi", "other"))
        whose = f"the server of {one}/Caddyfile (PID {servers[0].pid})"
        refused = run("stop", folder=other, env=unnamed)
        assert (refused.returncode, whose in refused.stderr) == (1, True)
        assert run("reload", folder=other, env=unnamed).stderr.endswith(f"reloaded {whose}\n")
        assert httpx.get(servers[0].url).text == "other"
        again = run("reload", folder=other, env=unnamed)
        assert "is unchanged, so nothing was reloaded; --force" in again.stderr
        assert run("stop", folder=other, env=unnamed).returncode == 0
    finally:
        for server in servers:
            server.stop()


CONFINED = '{"backend": "process", "process": {}}'
APART = '{"backend": "process", "process": {"network": "off"}}'
IN_CONTAINER = '{"backend": "docker", "docker": {"image": "x"}}'
ON_HOST = '{"backend": "docker", "docker": {"image": "x", "network": "host"}}'
EMBEDDED = '{"backend": "none"}'


def where(admin: str, isolation: str) -> str | None:
    """Return where the API of a document listens, which has an app that is isolated like this."""
    document = decode(document_of(admin, isolation).encode(), Document)
    found = admin_address(document, apps(document))
    return None if found is None else str(found.address)


def document_of(admin: str, isolation: str) -> str:
    """Return the JSON of a document with an app that is isolated like this."""
    handler = f'{{"handler": "python", "module_wsgi": "a:b", "isolation": {isolation}}}'
    server = f'{{"listen": [":80"], "routes": [{{"handle": [{handler}]}}]}}'
    return f'{{"admin": {admin}, "apps": {{"http": {{"servers": {{"s": {server}}}}}}}}}'


def test_a_confined_server_has_a_socket_of_its_own_too(
    unnamed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where another one has snake's own; it stays there when a reload wants another default."""
    for name, value in unnamed.items():
        monkeypatch.setenv(name, value)
    confined, plain = (
        decode(document_of("{}", each).encode(), Document) for each in (CONFINED, APART)
    )
    first, second = AdminEndpoint(tuple, "/a"), AdminEndpoint(tuple, "/b")
    places = []
    for endpoint in (first, second):
        entrance = endpoint.open(confined, apps(confined))
        endpoint.use(entrance)
        places.append(str(entrance.address))
    places.append(str(second.open(plain, apps(plain)).address))
    for endpoint in (first, second):
        asyncio.run(endpoint.aclose())

    folder = f"unix/{unnamed['XDG_CONFIG_HOME']}/snake"
    own = f"{folder}/admin-{mark('/b')}.sock|0600"
    assert places == [f"{folder}/admin.sock|0600", own, own]


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/config")
    monkeypatch.setenv("ADMIN_PORT", "1234")


@pytest.mark.parametrize(
    ("variable", "admin", "isolation", "expected"),
    [
        ("", "{}", EMBEDDED, "localhost:2019"),
        ("", "{}", CONFINED, "unix//config/snake/admin.sock|0600"),
        ("", "{}", APART, "localhost:2019"),
        ("", "{}", ON_HOST, "unix//config/snake/admin.sock|0600"),
        ("", "{}", IN_CONTAINER, "localhost:2019"),
        ("off", "{}", CONFINED, None),
        ("unix//run/x.sock", "{}", CONFINED, "unix//run/x.sock"),
        ("localhost:1", '{"disabled": true}', CONFINED, None),
        ("", '{"listen": "unix//run/x.sock"}', CONFINED, "unix//run/x.sock"),
        ("localhost:1", '{"listen": "localhost:{env.ADMIN_PORT}"}', APART, "localhost:1234"),
    ],
)
def test_who_says_where_it_listens(
    monkeypatch: pytest.MonkeyPatch, variable: str, admin: str, isolation: str, expected: str | None
) -> None:
    """The document, else CADDY_ADMIN, else the default; an app in a sandbox is given no port."""
    monkeypatch.setenv("CADDY_ADMIN", variable)

    assert where(admin, isolation) == expected


@pytest.mark.parametrize(
    ("variable", "admin", "isolation", "message"),
    [
        ("", '{"listen": "localhost:2019"}', CONFINED, "localhost:2019: the isolated app a:b"),
        ("", '{"listen": "fd/3"}', ON_HOST, "fd/3: the isolated app a:b could reach"),
        ("localhost:2019", "{}", CONFINED, "CADDY_ADMIN: localhost:2019: the isolated app a:b"),
        ("localhost", "{}", APART, 'CADDY_ADMIN: invalid address "localhost": a port is missing'),
        ("", '{"listen": "udp/:1"}', APART, "udp/:1: the admin API listens on a stream"),
        ("", '{"listen": "{env.NONE}"}', APART, "evaluated placeholder {env.NONE} is empty"),
    ],
)
def test_where_it_cannot_listen(
    monkeypatch: pytest.MonkeyPatch, variable: str, admin: str, isolation: str, message: str
) -> None:
    """What is wrong is told with its place, and what to do instead."""
    monkeypatch.setenv("CADDY_ADMIN", variable)
    place = "" if variable else "admin/listen: "

    with pytest.raises(ConfigError) as caught:
        where(admin, isolation)

    assert str(caught.value).startswith(place + message)
