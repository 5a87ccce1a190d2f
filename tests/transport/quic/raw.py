"""A client that has no manners: its packets are made one by one, and what comes back is counted."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from typing import Any, Self

from aioquic.buffer import Buffer
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import QuicFrameType, QuicPacketType
from aioquic.quic.stream import QuicStream
from aioquic.tls import Epoch

from tests.transport.quic.client import Client

Address = tuple[str, int]


class Raw:
    """A UDP socket, and connections that send only what they are told to."""

    def __init__(self, server: Address) -> None:
        self.server = server
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)  # noqa: FBT003
        self.sock.bind(("127.0.0.1", 0))
        self.sent = 0
        self.came: list[bytes] = []

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the socket."""
        self.sock.close()

    def send(self, data: bytes) -> None:
        """Send a datagram."""
        self.sent += len(data)
        self.sock.sendto(data, self.server)

    async def listen(self, seconds: float) -> list[bytes]:
        """Return what comes within this time."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        came = []
        while (left := end - loop.time()) > 0:
            try:
                data = await asyncio.wait_for(loop.sock_recv(self.sock, 65_536), left)
            except TimeoutError:
                break
            came.append(data)
        self.came += came
        return came

    @property
    def received(self) -> int:
        """Bytes that came."""
        return sum(map(len, self.came))


def hello(name: str = "a.test", **options: Any) -> tuple[QuicConnection, list[bytes]]:
    """Return a connection that has begun, and its first datagrams."""
    configuration = QuicConfiguration(
        alpn_protocols=["h3"], server_name=name, verify_mode=ssl.CERT_NONE, **options
    )
    made = QuicConnection(configuration=configuration)
    made.connect(("0.0.0.0", 1), 0.0)
    return made, [data for data, _ in made.datagrams_to_send(0.0)]


def garbage(size: int = 1200, version: int = 1) -> bytes:
    """Return what looks like the beginning of a connection, and is none."""
    cid = os.urandom(8)
    rest = size - 1 - 4 - 1 - 8 - 1 - 8 - 1 - 2
    head = b"\xc3" + version.to_bytes(4, "big") + b"\x08" + cid + b"\x08" + os.urandom(8)
    return head + b"\0" + (0x4000 | rest).to_bytes(2, "big") + os.urandom(rest)


def crypto(data: bytes, offset: int) -> bytes:
    """Return a datagram that begins a connection with these bytes in place of a ClientHello."""
    made, _ = hello()
    stream = made._crypto_streams[Epoch.INITIAL] = QuicStream()
    stream.sender._buffer_start = stream.sender._buffer_stop = offset
    stream.sender.write(data)
    return made.datagrams_to_send(0.0)[0][0]


async def frames(client: Client, write: Callable[[Buffer], None]) -> None:
    """Send a packet with frames that a client's own machinery would not make."""
    quic = client.quic
    original = quic._write_application

    def with_more(builder: Any, network_path: Any, now: float) -> None:
        builder.start_packet(QuicPacketType.ONE_RTT, quic._cryptos[Epoch.ONE_RTT])
        buffer = builder.start_frame(QuicFrameType.PING)
        write(buffer)
        quic._write_application = original
        original(builder, network_path, now)

    quic._write_application = with_more
    client.transmit()
