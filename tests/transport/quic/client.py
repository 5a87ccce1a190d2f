"""A client that speaks HTTP/3, and a server in the test's own loop.

::

    async with serving(app) as server, server.client() as client:
        response = await client.get("/")
"""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

from aioquic import tls
from aioquic.asyncio import QuicConnectionProtocol, connect
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import (
    ConnectionTerminated,
    QuicEvent,
    StopSendingReceived,
    StreamDataReceived,
    StreamReset,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import NameOID

from snake.tls.certificate import Certificate
from snake.transport.asgi import ASGIApp
from snake.transport.quic.endpoint import Address, Choose, Chosen, Endpoint, Service
from snake.transport.settings import Settings
from tests.transport.wire import PATIENCE

Fields = list[tuple[bytes, bytes]]


@dataclass
class Response:
    """What came on one stream."""

    fields: list[Fields] = field(default_factory=list)
    """The head, interim ones before it, and the trailers."""
    body: bytes = b""
    ended: bool = False
    reset: int | None = None
    """The code with which the server broke it off."""
    stopped: int | None = None
    """The code with which the server asked for no more of the body."""

    @property
    def head(self) -> dict[bytes, bytes]:
        """The fields of the response."""
        return dict(next(each for each in self.fields if not each[0][1].startswith(b"1")))

    @property
    def status(self) -> int:
        """Its status."""
        return int(self.head[b":status"])


class HTTP3(H3Connection):
    """A client's frames. It does not mind that an answer to HEAD is shorter than it says."""

    def _check_content_length(self, stream: object) -> None:
        del stream


class Client(QuicConnectionProtocol):
    """One connection."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.http3 = HTTP3(self._quic)
        self.responses: dict[int, Response] = {}
        self.ended: ConnectionTerminated | None = None
        self.certificate: x509.Certificate | None = None
        self._news = asyncio.Event()

    @property
    def quic(self) -> Any:
        """The connection, with all that it has."""
        return self._quic

    @property
    def control(self) -> int:
        """The control stream; those of QPACK follow it."""
        return cast("int", self.http3._local_control_stream_id)

    @property
    def shown(self) -> x509.Certificate:
        """The server's certificate."""
        return cast("x509.Certificate", self.quic.tls._peer_certificate)

    def quic_event_received(self, event: QuicEvent) -> None:
        """Take what happened."""
        match event:
            case StreamReset(stream_id=at, error_code=code):
                self.response(at).reset = code
            case StopSendingReceived(stream_id=at, error_code=code):
                self.response(at).stopped = code
            case ConnectionTerminated():
                self.ended = event
            case StreamDataReceived():
                pass
        for each in self.http3.handle_event(event):
            self._take(each)
        self._news.set()

    def _take(self, event: H3Event) -> None:
        if isinstance(event, HeadersReceived):
            response = self.response(event.stream_id)
            response.fields.append(event.headers)
            response.ended |= event.stream_ended
        elif isinstance(event, DataReceived):
            response = self.response(event.stream_id)
            response.body += event.data
            response.ended |= event.stream_ended

    def response(self, at: int) -> Response:
        """Return what came on a stream."""
        return self.responses.setdefault(at, Response())

    def send(self, fields: Fields, body: bytes = b"", *, end: bool = True) -> int:
        """Begin a request; return its stream."""
        at = self._quic.get_next_available_stream_id()
        self.http3.send_headers(at, fields, end_stream=end and not body)
        if body:
            self.http3.send_data(at, body, end_stream=end)
        self.transmit()
        return at

    def raw(self, at: int, data: bytes, *, end: bool = False) -> None:
        """Send bytes on a stream."""
        self._quic.send_stream_data(at, data, end)
        self.transmit()

    async def until(self, condition: Any) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def answer(self, at: int) -> Response:
        """Return the whole response on a stream, or what there is when it is broken off."""
        response = self.response(at)
        await self.until(lambda: response.ended or response.reset is not None or self.ended)
        return response

    async def request(self, fields: Fields, body: bytes = b"") -> Response:
        """Make a request."""
        return await self.answer(self.send(fields, body))

    async def get(self, path: str = "/", *fields: tuple[bytes, bytes]) -> Response:
        """Make a request without a body."""
        return await self.request([*head("GET", path), *fields])

    async def closed(self) -> ConnectionTerminated:
        """Wait until the server closes the connection, and return how."""
        await self.until(lambda: self.ended or self.quic._close_event)
        return cast("ConnectionTerminated", self.ended or self.quic._close_event)


def head(method: str = "GET", path: str = "/", host: str = "a.test") -> Fields:
    """Return the fields that every request has."""
    return [
        (b":method", method.encode()),
        (b":scheme", b"https"),
        (b":authority", host.encode()),
        (b":path", path.encode()),
    ]


@dataclass
class Server:
    """A server that runs, and where it listens."""

    endpoint: Endpoint
    address: Address
    certificate: Certificate

    @asynccontextmanager
    async def client(
        self, name: str = "a.test", *, wait: bool = True, **options: Any
    ) -> AsyncIterator[Client]:
        """Connect; the connection closes at the end of the block."""
        options.setdefault("alpn_protocols", ["h3"])
        configuration = QuicConfiguration(server_name=name, verify_mode=ssl.CERT_NONE, **options)
        async with connect(
            *self.address, configuration=configuration, create_protocol=Client, wait_connected=wait
        ) as client:
            client.transmit()
            yield cast("Client", client)


@cache
def certificate(*names: str, key: str = "ecdsa") -> Certificate:
    """Return a certificate for these names, signed by itself."""
    private = _key(key)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False
        )
        .sign(private, None if key == "ed25519" else hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Certificate.read(made.public_bytes(serialization.Encoding.PEM).decode(), pem.decode())


def _key(kind: str) -> CertificateIssuerPrivateKeyTypes:
    match kind:
        case "rsa":
            return rsa.generate_private_key(65537, 2048)
        case "ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return ec.generate_private_key(ec.SECP256R1())


def always(chosen: Certificate) -> Choose:
    """Return what chooses one certificate for all."""

    async def choose(message: bytes, server: Address, client: Address) -> Chosen:
        del server, client
        hello = tls.pull_client_hello(tls.Buffer(data=message))
        return Chosen(hello.server_name or "", chosen)

    return choose


@asynccontextmanager
async def serving(
    app: ASGIApp,
    settings: Settings | None = None,
    *,
    choose: Choose | None = None,
    folder: Path | None = None,
    host: str = "127.0.0.1",
) -> AsyncIterator[Server]:
    """Serve an app on a UDP port of this machine."""
    own = certificate("a.test")
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((host, 0))
    service = Service(app, settings or Settings(), choose or always(own))
    endpoint = Endpoint(sock, service, folder)
    endpoint.resume()
    address = sock.getsockname()[:2]
    sock.close()
    try:
        yield Server(
            endpoint, ("127.0.0.1" if host in ("0.0.0.0", "::") else address[0], address[1]), own
        )
    finally:
        await endpoint.drain(0.1)


def fields_of(responses: Sequence[Response]) -> list[int]:
    """Return the statuses of responses."""
    return [each.status for each in responses]
