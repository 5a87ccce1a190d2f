"""A socket of HTTP/3 costs nothing before somebody comes."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys

from snake.tls.contexts import Terms
from snake.tls.encryption import Encryption, Policy
from snake.tls.ring import Ring, Update
from snake.transport.quic.door import Door
from snake.transport.settings import Settings
from tests.transport.quic.client import Server, certificate
from tests.transport.wire import hello


def _policies() -> Encryption:
    ring = Ring()
    ring.update(Update(certificates=(certificate("a.test"),)))
    return Encryption([Policy((), Terms(purpose="", alpn=("h2",)))], ring)


async def test_door() -> None:
    """The first client is served as all others, and one with another name is not."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        door = Door(sock, hello, Settings(), _policies(), None)
        door.resume()
        assert door._endpoint is None
        server = Server(None, sock.getsockname(), certificate("a.test"))  # type: ignore[arg-type]
        async with server.client() as client:
            assert (await client.get()).status == 200
        async with server.client("b.test", wait=False) as client:
            await client.closed()
        await door.drain(1)


async def test_door_that_is_never_opened() -> None:
    """One to which nobody comes is closed at once; so is one that is being opened."""
    for knocks in (False, True):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            door = Door(sock, hello, Settings(), _policies(), None)
            door.resume()
            if knocks:
                sock.sendto(b"x", sock.getsockname())
                await asyncio.sleep(0.01)
            async with asyncio.timeout(5):
                await door.drain(None)
            door.hasten()


def test_nothing_is_imported() -> None:
    """A worker that only waits for clients of HTTP/3 has not loaded what speaks it."""
    code = "import snake.transport.quic.door, sys; assert 'aioquic' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
