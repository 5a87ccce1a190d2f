"""Who answers challenges on loopback: by HTTP, by a handshake, and a DNS server."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import dns.message
import dns.rrset

from snake.acme.tlsalpn01 import challenge_certificate
from snake.dns.resolver import Place
from snake.tls.challenge import TLSALPN01, Challenge


@asynccontextmanager
async def http(pages: Mapping[str, bytes]) -> AsyncIterator[int]:
    """Answer each path with these bytes, head and all; yield the port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split()[1].decode()
        writer.write(pages.get(path, b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def page(text: str) -> bytes:
    """Return a whole response with a text."""
    return f"HTTP/1.1 200 OK\r\ncontent-length: {len(text)}\r\n\r\n{text}".encode()


@asynccontextmanager
async def handshake(
    folder: Path, name: str, authorization: str, protocol: str = "acme-tls/1"
) -> AsyncIterator[int]:
    """Answer a handshake with the certificate of a challenge; yield the port."""
    proof = challenge_certificate(Challenge(TLSALPN01, name, "", authorization))
    (folder / "proof.pem").write_text(proof.chain + proof.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "proof.pem")
    context.set_alpn_protocols([protocol])

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


class _DNS(asyncio.DatagramProtocol):
    """Knows some TXT records."""

    def __init__(self, records: Mapping[str, str]) -> None:
        self._records = records

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a question."""
        query = dns.message.from_wire(data)
        reply = dns.message.make_response(query)
        name = query.question[0].name.to_text(omit_final_dot=True)
        if name in self._records:
            text = f'"{self._records[name]}"'
            reply.answer.append(dns.rrset.from_text(f"{name}.", 0, "IN", "TXT", text))
        self._transport.sendto(reply.to_wire(), addr)


@asynccontextmanager
async def zone(records: Mapping[str, str]) -> AsyncIterator[Place]:
    """Have a DNS server with these TXT records, which may change."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _DNS(records), local_addr=("127.0.0.1", 0)
    )
    try:
        yield Place("127.0.0.1", transport.get_extra_info("sockname")[1])
    finally:
        transport.close()
