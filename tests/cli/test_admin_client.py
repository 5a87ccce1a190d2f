"""The client of the admin API: whom it asks, and what it says when that does not work."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from snake.cli.admin_address import find_client
from snake.cli.admin_client import AdminClient, RefusedError, UnreachableError, listens
from snake.cli.listener import owners
from snake.core.errors import SnakeError
from snake.core.network import parse_address
from tests.caddy import adapter
from tests.server import free_port


@pytest.fixture(scope="module")
def caddy() -> Iterator[AdminClient]:
    """A client of a real Caddy, which has its admin API on a socket file."""
    with adapter() as running:
        yield AdminClient(f"unix/{running.folder.parent}/admin.sock")


def test_caddy_answers(caddy: AdminClient) -> None:
    """What Caddy's API says is returned: status, fields in any case, the body as JSON."""
    answer = caddy.ask("GET", "/config/admin/config")

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"persist": False}


def test_body_is_json_or_what_the_header_says(caddy: AdminClient) -> None:
    """A body has JSON's type; another one is named in the headers."""
    caddyfile = caddy.ask(
        "POST", "/adapt", b":80\nrespond hi", headers={"Content-Type": "text/caddyfile"}
    )

    assert caddyfile.json()["result"]["apps"]
    assert caddy.ask("POST", "/config/logging", b"{}").status == 200


def test_what_caddy_refuses_is_told(caddy: AdminClient) -> None:
    """An error of the API is raised with its own words and its status."""
    with pytest.raises(RefusedError, match=r"^unrecognized config adapter 'nope'") as raised:
        caddy.ask("POST", "/adapt", b"x", headers={"Content-Type": "text/nope"})

    assert raised.value.status == 400


def test_endpoint_that_is_not_there_is_told(caddy: AdminClient) -> None:
    """What Caddy does not have is not taken for an error of snake."""
    with pytest.raises(RefusedError, match="does not know GET /snake/status: it is another"):
        caddy.ask("GET", "/snake/status")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://localhost:2019", "has no scheme"),
        ("localhost:1-5", "is not one port"),
        ("localhost:0", "is not one port"),
        ("localhost:x", '"x" is no port; expected host:port or unix//path'),
        ("localhost:99999", "out of range"),
        ("fd/3", "cannot be dialed"),
        ("udp/localhost:2019", "cannot be dialed"),
        ("unix/", "nothing after unix/"),
    ],
)
def test_address_that_cannot_be_dialed_is_named(address: str, message: str) -> None:
    """Each mistake in an address has a message of its own."""
    with pytest.raises(SnakeError, match=message):
        AdminClient(address)


def test_nobody_there_is_told_with_the_ways_out(tmp_path: Path) -> None:
    """A port that is free, a socket file that is gone, and one that a crash has left."""
    stale = tmp_path / "stale.sock"
    with closing(socket.socket(socket.AF_UNIX)) as left:
        left.bind(str(stale))

    for address in (f"localhost:{free_port()}", f"unix/{tmp_path}/none.sock", f"unix/{stale}"):
        with pytest.raises(UnreachableError, match=f"^nothing listens at {address}: .*--address"):
            AdminClient(address).ask("GET", "/config/")
        assert not listens(address)


def test_name_that_leads_nowhere_is_told() -> None:
    """What the resolver says is passed on."""
    with pytest.raises(UnreachableError, match=r"^cannot connect to no\.invalid:2019: "):
        AdminClient("no.invalid:2019").ask("GET", "/")


def test_who_listens_is_known(tmp_path: Path) -> None:
    """Linux tells whose process it is, by port and by socket file."""
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        closing(socket.socket(socket.AF_UNIX)) as unix,
    ):
        unix.bind(str(tmp_path / "sock"))
        unix.listen()
        addresses = [f"127.0.0.1:{tcp.getsockname()[1]}", f"unix/{tmp_path}/sock"]
        found = [owners(parse_address(address)) for address in addresses]

    assert found == [{os.getuid()}, {os.getuid()}]
    assert owners(parse_address(f"unix/{tmp_path}/none")) == set()


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Return the address of a server that does this with its first connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{port}"
        thread.join()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP"),
        (b"", "does not speak HTTP|ended the connection"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "is not whole"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", "it is another program"),
        (
            b'HTTP/1.1 503 Busy\r\nContent-Length: 8\r\n\r\n["error"',
            r"answers GET /x with 503 Busy",
        ),
    ],
)
def test_who_is_no_admin_api_is_told(said: bytes, message: str) -> None:
    """A server of another kind gets no traceback, whatever it says."""

    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(said)

    with server(answer) as address, pytest.raises(SnakeError, match=message):
        AdminClient(address).ask("GET", "/x")


def test_who_says_nothing_is_not_waited_for() -> None:
    """The limit of a request is in seconds, and the message names it."""
    done = threading.Event()

    def wait(_: socket.socket) -> None:
        done.wait(10)

    with server(wait) as address:
        client = AdminClient(address)
        with pytest.raises(UnreachableError, match=r"does not answer within 0\.1 s"):
            client.ask("GET", "/x", limit=0.1)
        done.set()


@pytest.fixture
def nothing_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No variable says where the admin API is; the folder is snake's for configurations."""
    monkeypatch.delenv("CADDY_ADMIN", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "snake"
    folder.mkdir()
    return folder


def test_address_is_that_of_the_nearest_word(
    nothing_named: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flag is before the configuration, which is before the variable."""
    own = nothing_named / "Caddyfile"
    own.write_text("{\n\tadmin localhost:3019\n}\n")
    silent = nothing_named / "silent.json"
    silent.write_text("{}")
    monkeypatch.setenv("CADDY_ADMIN", ":4019")

    assert find_client("unix//x", str(own), None).address == "unix//x"
    assert find_client(None, str(own), None).address == "localhost:3019"
    assert find_client(None, str(silent), None).address == ":4019"
    assert find_client(None, None, None).address == ":4019"


def test_address_without_a_word_is_caddys_or_the_socket(
    nothing_named: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is Caddy's default; the socket in snake's folder when only there somebody listens."""
    default = f"localhost:{free_port()}"
    monkeypatch.setattr("snake.cli.admin_address.DEFAULT", default)
    assert find_client(None, None, None).address == default

    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(nothing_named / "admin.sock"))
        listener.listen()
        assert find_client(None, None, None).address == f"unix/{nothing_named}/admin.sock"


@pytest.mark.usefixtures("nothing_named")
def test_admin_api_that_is_off_cannot_be_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told what turns it off. Of a Caddyfile here that cannot be read that is told."""
    Path("Caddyfile").write_text("{\n\tadmin off\n}\n")
    with pytest.raises(SnakeError, match="Caddyfile turns the admin API off"):
        find_client(None, None, None)

    Path("Caddyfile").write_text("{ broken")
    monkeypatch.setenv("CADDY_ADMIN", "off")
    with pytest.raises(SnakeError, match="CADDY_ADMIN=off turns the admin API off"):
        find_client(None, None, None)
    monkeypatch.setenv("CADDY_ADMIN", ":4019")
    assert find_client(None, None, None).address == ":4019"
    assert "looked for at :4019, as the Caddyfile here cannot be read: " in capsys.readouterr().err
