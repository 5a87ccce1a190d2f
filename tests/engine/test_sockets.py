"""Listening sockets: one a worker, kept open, and told apart when they cannot be had."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from snake.core.errors import StartError
from snake.core.network import NetworkAddress, parse_address
from snake.engine.holder import holder
from snake.engine.inherited import inherited, keep_from_others
from snake.engine.sockets import Sockets


@pytest.fixture
def sockets() -> Iterator[Sockets]:
    """Return a set of sockets that is closed after the test."""
    opened = Sockets()
    yield opened
    opened.close()


def family_of(fd: int) -> tuple[socket.AddressFamily, object]:
    """Return the family and the address of a socket's descriptor."""
    with socket.socket(fileno=os.dup(fd)) as sock:
        return sock.family, sock.getsockname()


def test_each_worker_has_its_own_socket_on_the_same_port(sockets: Sockets) -> None:
    """Port 0 is chosen once, and every worker listens on it with another socket."""
    address = parse_address("127.0.0.1:0")
    sockets.open([address], 3)
    fds = [dict(sockets.of_worker([address], index, 3))[str(address)] for index in range(3)]
    assert len(set(fds)) == 3
    assert len({family_of(fd) for fd in fds}) == 1
    assert sockets.bound(address).rpartition(":")[2] != "0"


def test_no_host_is_every_address_of_both_families(sockets: Sockets) -> None:
    """`:0` takes IPv4 and IPv6 connections; `tcp4/:0` only IPv4."""
    both, four = parse_address(":0"), parse_address("tcp4/:0")
    sockets.open([both, four], 1)
    port = int(sockets.bound(both).rpartition(":")[2])
    for host in ("127.0.0.1", "::1"):
        socket.create_connection((host, port), 2).close()
    assert family_of(dict(sockets.of_worker([four], 0, 1))[str(four)])[0] == socket.AF_INET


def test_an_address_that_two_generations_share_keeps_its_sockets(sockets: Sockets) -> None:
    """Opening an open address again changes nothing, except for more workers."""
    address = parse_address("127.0.0.1:0")
    sockets.open([address], 1)
    first = sockets.of_worker([address], 0, 1)
    sockets.open([address], 2)
    assert sockets.of_worker([address], 0, 2) == first
    assert sockets.of_worker([address], 1, 2) != first


def accepted(sock: socket.socket) -> int:
    """Take what waits on a socket, and return how many those were."""
    sock.settimeout(0)
    count = 0
    with suppress(OSError):
        while True:
            sock.accept()[0].close()
            count += 1
    return count


def test_more_sockets_get_connections_when_all_is_ready(sockets: Sockets) -> None:
    """A worker more has a socket at once, but connections come there only after `complete`."""
    address = parse_address("127.0.0.1:0")
    sockets.open([address], 1).complete()
    opening = sockets.open([address], 2)
    assert spread_over(sockets, address, 2) == [True, False]
    opening.complete()
    assert spread_over(sockets, address, 2) == [True, True]


def test_what_a_reload_opened_is_closed_when_it_fails(sockets: Sockets) -> None:
    """`undo` leaves the addresses and sockets that were there, and no others."""
    address, other = parse_address("127.0.0.1:0"), parse_address("[::1]:0")
    sockets.open([address], 2).complete()
    sockets.open([address, other], 3).undo()
    assert len(sockets.of_worker([address], 0, 1)) == 2
    with pytest.raises(KeyError):
        sockets.bound(other)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets one say where they go")
def test_sockets_of_workers_that_are_no_more_get_no_connections(sockets: Sockets) -> None:
    """With fewer workers they share out all sockets, and the last ones get nothing new.

    With as many as before, all do again.
    """
    address = parse_address("127.0.0.1:0")
    sockets.open([address], 3).complete()
    sockets.open([address], 2).complete()
    counts = [len(sockets.of_worker([address], index, 2)) for index in range(2)]
    assert counts == [2, 1]
    assert spread_over(sockets, address, 3) == [True, True, False]
    sockets.open([address], 3).complete()
    assert spread_over(sockets, address, 3) == [True, True, True]


def spread_over(sockets: Sockets, address: NetworkAddress, count: int) -> list[bool]:
    """Make connections, and return which of the sockets got any."""
    port = int(sockets.bound(address).rpartition(":")[2])
    clients = [socket.create_connection(("127.0.0.1", port), 2) for _ in range(64)]
    found = []
    for index in range(count):
        for _, fd in sockets.of_worker([address], index, count):
            with socket.socket(fileno=os.dup(fd)) as sock:
                found.append(accepted(sock) > 0)
    for client in clients:
        client.close()
    return found


def test_one_host_can_take_the_place_of_all(sockets: Sockets) -> None:
    """A port that is listened on for all hosts is no obstacle to listening for one of them."""
    everywhere = parse_address("tcp4/:0")
    sockets.open([everywhere], 1)
    port = sockets.bound(everywhere).rpartition(":")[2]
    sockets.open([parse_address(f"127.0.0.1:{port}")], 1)


def test_a_failure_leaves_nothing_open(sockets: Sockets) -> None:
    """When the second address is taken, the first is free again."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        free = parse_address("127.0.0.1:0")
        with pytest.raises(StartError, match="address already in use"):
            sockets.open([free, parse_address(f"127.0.0.1:{port}")], 1)
    with pytest.raises(KeyError):
        sockets.of_worker([free], 0, 1)


def test_an_unknown_host_is_named(sockets: Sockets) -> None:
    """A name that resolves to nothing is an error that names the address."""
    with pytest.raises(StartError, match=r"cannot listen on nowhere\.invalid:80"):
        sockets.open([parse_address("nowhere.invalid:80")], 1)


def test_an_inherited_descriptor_is_shared_by_all_workers(sockets: Sockets) -> None:
    """`fd/N` listens on a socket that was there already."""
    with socket.create_server(("127.0.0.1", 0)) as given:
        address = parse_address(f"fd/{given.fileno()}")
        sockets.open([address], 2)
        fds = {fd for index in range(2) for _, fd in sockets.of_worker([address], index, 2)}
        assert len(fds) == 1
        assert family_of(fds.pop())[1] == given.getsockname()


def test_a_descriptor_that_is_no_socket_is_refused(sockets: Sockets) -> None:
    """`fd/N` of something else is one message."""
    with pytest.raises(StartError, match="cannot listen on fd/x"):
        sockets.open([parse_address("fd/x")], 1)


@pytest.mark.parametrize(
    ("count", "told"),
    [
        ("", "LISTEN_FDS has none"),
        ("-1", "LISTEN_FDS has none"),
        ("x", "LISTEN_FDS has none"),
        ("2", "web is 3,  is 4"),
        ("9" * 5000, "web is 3,  is 4"),
    ],
)
def test_variables_that_are_wrong_do_no_harm(count: str, told: str) -> None:
    """Whatever stands in `LISTEN_FDS`, a name that is not there is one message."""
    environ = {"LISTEN_FDS": count, "LISTEN_FDNAMES": "web", "LISTEN_PID": str(os.getpid())}
    keep_from_others(environ | {"LISTEN_FDS": "x"})
    with pytest.raises(ValueError, match=f"no descriptor is named 'tls': {told}"):
        inherited("tls", socket.SOCK_STREAM, environ)


def test_a_descriptor_of_another_kind_is_told(sockets: Sockets) -> None:
    """Connections do not come to a socket for datagrams, nor datagrams to one for connections."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as given:
        number = given.fileno()
        with pytest.raises(StartError, match=f"for HTTP/3, it is fdgram/{number}"):
            sockets.open([parse_address(f"fd/{number}")], 1)
    with socket.create_server(("127.0.0.1", 0)) as given:
        number = given.fileno()
        with pytest.raises(StartError, match=f"for connections, it is fd/{number}"):
            sockets.open([parse_address(f"fdgram/{number}")], 1)


@pytest.mark.parametrize(
    ("given", "mode"), [("", 0o200), ("|0660", 0o660)], ids=["default", "given"]
)
def test_a_unix_socket_has_its_mode_and_is_removed(tmp_path: Path, given: str, mode: int) -> None:
    """The mode is that of the address, or Caddy's default; the file goes with the socket."""
    path = tmp_path / "s"
    sockets = Sockets()
    sockets.open([parse_address(f"unix/{path}{given}")], 2)
    assert path.stat().st_mode & 0o777 == mode
    sockets.close()
    assert not path.exists()


def test_a_file_that_is_no_socket_is_not_removed(tmp_path: Path, sockets: Sockets) -> None:
    """Only a stale socket is replaced, never a file."""
    path = tmp_path / "s"
    path.write_text("precious")
    with pytest.raises(StartError, match="no socket"):
        sockets.open([parse_address(f"unix/{path}")], 1)
    assert path.read_text() == "precious"


def test_a_unix_socket_that_answers_is_not_taken(tmp_path: Path, sockets: Sockets) -> None:
    """A socket that another server listens on is left to it."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(StartError, match="address already in use"):
            sockets.open([parse_address(f"unix/{path}")], 1)
        assert path.exists()


def test_the_holder_of_a_port_is_found(sockets: Sockets) -> None:
    """The process that listens on a port is named, and a free port has none."""
    address = parse_address("127.0.0.1:0")
    sockets.open([address], 1)
    port = int(sockets.bound(address).rpartition(":")[2])
    assert holder(port).endswith(f"(pid {os.getpid()})")
    sockets.close()
    assert holder(port) == ""


def test_datagrams_come_to_sockets_more_when_all_is_ready(sockets: Sockets) -> None:
    """A UDP socket of a worker more is bound with `complete`: nobody reads it before."""
    address = parse_address("udp/127.0.0.1:0")
    sockets.open([address], 1).complete()
    opening = sockets.open([address], 2)
    fds = [dict(sockets.of_worker([address], index, 2))[str(address)] for index in range(2)]
    first, second = (family_of(fd)[1] for fd in fds)
    assert second != first
    opening.complete()
    assert family_of(fds[1])[1] == first


def test_udp_port_of_another(sockets: Sockets) -> None:
    """A UDP port is not shared with anybody else, though TCP's of the same number is ours."""
    tcp = parse_address("127.0.0.1:0")
    sockets.open([tcp], 1).complete()
    port = sockets.bound(tcp).rpartition(":")[2]
    udp = parse_address(f"udp/127.0.0.1:{port}")
    other = Sockets()
    other.open([udp], 2).complete()
    try:
        with pytest.raises(StartError, match=f"cannot listen on udp/127.0.0.1:{port}: address"):
            sockets.open([udp], 2)
    finally:
        other.close()
    sockets.open([udp], 2).complete()
