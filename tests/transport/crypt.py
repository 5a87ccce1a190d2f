"""What tests of TLS need: an authority, its certificates, policies, and clients.

::

    ca = trustme.CA()
    encryption = await encrypting(issue(ca, "localhost"))
    async with serving(hello, encryption=encryption) as server:
        async with server.client(trusting(ca)) as client:
            ...
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec
import trustme

from snake.config.tls import ConnectionPolicy, TLSApp
from snake.core.modules import Context, decode
from snake.engine.warm import registry
from snake.tls.certificate import Certificate
from snake.tls.encryption import Encryption, provision_policies
from snake.tls.ring import Ring, Update
from tests.transport.wire import PATIENCE, Client, Server

EC = trustme.KeyType.ECDSA
RSA = trustme.KeyType.RSA


def issue(ca: trustme.CA, *names: str, tags: tuple[str, ...] = (), **how: Any) -> Certificate:
    """Return a certificate for some names."""
    leaf = ca.issue_cert(*names, **{"key_type": EC, **how})
    chain = "".join(pem.bytes().decode() for pem in leaf.cert_chain_pems)
    return Certificate.read(chain, leaf.private_key_pem.bytes().decode(), tags=tags)


async def encrypting(
    *certificates: Certificate,
    policies: tuple[dict[str, Any], ...] = ({},),
    ring: Ring | None = None,
    app: dict[str, Any] | None = None,
) -> Encryption:
    """Return the encryption with these certificates and policies, which are JSON."""
    ring = ring if ring is not None else Ring()
    ring.update(Update(certificates))
    async with AsyncExitStack() as stack:
        ctx = Context(registry(), stack, {Ring: ring})
        read = decode(msgspec.json.encode(policies), tuple[ConnectionPolicy, ...])
        tls = None if app is None else decode(msgspec.json.encode(app), TLSApp)
        return await provision_policies(ctx, read, tls)


def trusting(
    ca: trustme.CA | None,
    *,
    alpn: tuple[str, ...] = (),
    client: trustme.LeafCert | None = None,
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
) -> ssl.SSLContext:
    """Return the context of a client; one that trusts no authority looks at no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = newest
    if ca is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        ca.configure_trust(context)
    if alpn:
        context.set_alpn_protocols(alpn)
    if client is not None:
        client.configure_cert(context)
    return context


class Raw:
    """A client whose records one can touch."""

    def __init__(self, stream: Client, context: ssl.SSLContext, name: str = "") -> None:
        self.stream = stream
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = context.wrap_bio(
            self.incoming,
            self.outgoing,
            server_hostname=name or ("localhost" if context.check_hostname else None),
        )
        self.ended = False
        """Whether the server has sent close_notify."""

    async def shake(self) -> None:
        """Do the handshake."""
        while True:
            try:
                self.session.do_handshake()
            except ssl.SSLWantReadError:
                await self.flush()
                await self.take()
            else:
                await self.flush()
                return

    async def flush(self) -> None:
        """Send what is to be sent."""
        await self.stream.send(self.outgoing.read())

    async def take(self) -> bool:
        """Take what came; return whether there was anything."""
        async with asyncio.timeout(PATIENCE):
            data = await self.stream.reader.read(65_536)
        self.incoming.write(data)
        return bool(data)

    async def send(self, data: bytes) -> None:
        """Encrypt and send."""
        self.session.write(data)
        await self.flush()

    async def read(self) -> bytes:
        """Return some bytes; none at the end."""
        while True:
            try:
                data = self.session.read(65_536)
            except ssl.SSLWantReadError:
                if not await self.take():
                    return b""
            except ssl.SSLZeroReturnError:
                self.ended = True
                return b""
            else:
                self.ended = not data
                return data

    async def read_to_end(self) -> bytes:
        """Return all that comes."""
        data = b""
        while more := await self.read():
            data += more
        return data


@asynccontextmanager
async def connected(server: Server, context: ssl.SSLContext, name: str = "") -> AsyncIterator[Raw]:
    """Connect, do the handshake, and close at the end of the block."""
    async with server.client() as stream:
        raw = Raw(stream, context, name)
        await raw.shake()
        yield raw
