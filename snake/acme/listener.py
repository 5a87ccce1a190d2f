"""Listeners: who answers a challenge where no server of ours listens.

A site may be on ports that the authority does not connect to, and a certificate may be wanted
before there is a server. Then the port is opened for the time of a challenge. If somebody listens
there, it is taken for granted that this one answers: a server of ours does. Source: certmagic.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from snake.acme.http01 import answer
from snake.acme.solver import SolverError
from snake.acme.tlsalpn01 import challenge_certificate
from snake.tls.certificate import Certificate, host_of
from snake.tls.challenge import ACME_TLS, HTTP01, PKI_VALIDATION, TLSALPN01, Challenge

logger = logging.getLogger("snake.tls.issuance.acme")

_PATIENCE = 10.0
"""Seconds for a client to say what it wants."""
_MOST_READ = 8192
_MOST_CLIENTS = 100


class Listeners:
    """Ports that are open while challenges are solved on them."""

    def __init__(self) -> None:
        self._doors: dict[tuple[str, str, int], _Door] = {}
        self._changing = asyncio.Lock()

    @asynccontextmanager
    async def answering(self, challenge: Challenge, host: str, port: int) -> AsyncIterator[None]:
        """Answer a challenge on a port, unless somebody listens there already.

        Raises `SolverError` when the port cannot be opened for another reason.
        """
        place = (challenge.type, host, port)
        async with self._changing:
            door = self._doors.get(place)
            if door is None:
                door = _DOORS[challenge.type]()
                await door.open(host, port)
                self._doors[place] = door
            await door.add(challenge)
        try:
            yield
        finally:
            async with self._changing:
                if door.remove(challenge):
                    del self._doors[place]
                    door.close()


class _Door:
    """A port, and the challenges that are solved on it."""

    context: ssl.SSLContext | None = None

    def __init__(self) -> None:
        self.challenges: dict[str, Challenge] = {}
        self._open = 0
        self._clients = 0
        self._server: asyncio.Server | None = None

    async def open(self, host: str, port: int) -> None:
        try:
            sock = _listening(host, port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                logger.debug(
                    "somebody listens where the challenge is to be answered",
                    extra={"fields": {"address": f"{host}:{port}"}},
                )
                return
            raise SolverError(
                f"cannot listen on {host or ''}:{port} to answer the challenge: {error.strerror}"
            ) from None
        self._server = await asyncio.start_server(
            self._met,
            sock=sock,
            limit=_MOST_READ,
            ssl=self.context,
            ssl_handshake_timeout=_PATIENCE if self.context is not None else None,
        )

    async def add(self, challenge: Challenge) -> None:
        self._open += 1
        self.challenges[challenge.name] = challenge

    def remove(self, challenge: Challenge) -> bool:
        """Return whether it was the last one."""
        self._open -= 1
        if self.challenges.get(challenge.name) is challenge:
            del self.challenges[challenge.name]
        return not self._open

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._clients >= _MOST_CLIENTS:
            writer.transport.abort()
            return
        self._clients += 1
        try:
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
                async with asyncio.timeout(_PATIENCE):
                    await self.serve(reader, writer)
        finally:
            self._clients -= 1
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection. Raises `ValueError` for what is not understood."""
        raise NotImplementedError


class _HTTP(_Door):
    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise ValueError("the head of the request is too long") from None
        request, *lines = head.decode("latin-1").split("\r\n")
        method, path, _version = request.split(" ")
        fields = (line.partition(":") for line in lines)
        host = next((value for name, _, value in fields if name.lower() == "host"), "")
        found = answer(self.challenges.get(_without_port(host)), path) if method == "GET" else None
        status, body = ("404 Not Found", b"") if found is None else ("200 OK", found)
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()


class _TLS(_Door):
    def __init__(self) -> None:
        super().__init__()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_alpn_protocols([ACME_TLS])
        self.context.sni_callback = self._choose

    async def add(self, challenge: Challenge) -> None:
        context = await asyncio.to_thread(_context, challenge_certificate(challenge))
        await super().add(challenge)
        self._contexts[challenge.name] = context

    def remove(self, challenge: Challenge) -> bool:
        last = super().remove(challenge)
        if challenge.name not in self.challenges:
            self._contexts.pop(challenge.name, None)
        return last

    def _choose(
        self, connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, context: ssl.SSLContext
    ) -> int | None:
        del context
        found = self._contexts.get((name or "").lower())
        if found is None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        connection.context = found
        return None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Do no more: the handshake was it (RFC 8737 §3)."""


_DOORS: dict[str, type[_Door]] = {HTTP01: _HTTP, PKI_VALIDATION: _HTTP, TLSALPN01: _TLS}


def _listening(host: str, port: int) -> socket.socket:
    if not host:
        if socket.has_dualstack_ipv6():
            return socket.create_server(
                ("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128
            )
        return socket.create_server(("", port), backlog=128)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)


def _context(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols([ACME_TLS])
    with tempfile.TemporaryDirectory() as folder:  # ssl reads keys from files only
        file = Path(folder, "challenge.pem")
        file.touch(0o600)
        file.write_text(certificate.key + certificate.chain)
        context.load_cert_chain(file)
    return context


def _without_port(host: str) -> str:
    host = host.strip()
    name = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    return host_of(name.strip("[]"))
