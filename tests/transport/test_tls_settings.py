"""What a policy says of connections: secrets, tickets, suites, curves; and the challenges."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509

from snake.tls.challenge import ACME_TLS, TLSALPN01, Challenge
from snake.tls.ring import Found, Ring, Update
from tests.transport.crypt import EC, connected, encrypting, issue, trusting
from tests.transport.wire import GET, PATIENCE, hello, serving

CA = trustme.CA(key_type=EC)
LOCALHOST = issue(CA, "localhost")
TLS12 = ssl.TLSVersion.TLSv1_2
ACME_IDENTIFIER = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")


async def test_secrets_log(tmp_path: Path) -> None:
    """The secrets of connections are in the file that is named, which is nobody else's."""
    file = tmp_path / "secrets"
    encryption = await encrypting(LOCALHOST, policies=({"insecure_secrets_log": str(file)},))
    async with (
        serving(hello, encryption=encryption) as server,
        server.client(trusting(CA)) as client,
    ):
        await client.send(GET)
        await client.response()
    assert "CLIENT_TRAFFIC_SECRET_0 " in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("newest", [TLS12, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("disabled", [False, True])
async def test_tickets(newest: ssl.TLSVersion, *, disabled: bool) -> None:
    """A client gets a ticket for its session, unless `session_tickets` says that there are none."""
    app = {"session_tickets": {"disabled": disabled}}
    policies: tuple[dict[str, Any], ...] = ({"default_sni": f"{newest}{disabled}"},)
    encryption = await encrypting(LOCALHOST, policies=policies, app=app)
    async with (
        serving(hello, encryption=encryption) as server,
        server.client(trusting(CA, newest=newest)) as client,
    ):
        await client.send(GET)
        await client.response()
        session = client.writer.get_extra_info("ssl_object").session
        assert session.has_ticket is not disabled


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({}, "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ({"cipher_suites": ["TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"]}, "ECDHE-ECDSA-AES256-SHA"),
        (
            {
                "cipher_suites": [
                    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
                    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
                ]
            },
            "ECDHE-ECDSA-CHACHA20-POLY1305",
        ),
    ],
    ids=["default", "one", "the better one"],
)
async def test_suites(policy: dict[str, Any], expected: str) -> None:
    """Of the suites of a policy the best is used that the client has."""
    context = trusting(CA, newest=TLS12)
    context.set_ciphers("ALL")
    async with (
        serving(hello, encryption=await encrypting(LOCALHOST, policies=(policy,))) as server,
        server.client(context) as client,
    ):
        assert client.writer.get_extra_info("cipher")[0] == expected


@pytest.mark.parametrize(("curve", "fails"), [("secp384r1", False), ("prime256v1", True)])
async def test_curves(curve: str, *, fails: bool) -> None:
    """A client that has none of a policy's curves is turned away."""
    encryption = await encrypting(LOCALHOST, policies=({"curves": ["x25519", "secp384r1"]},))
    context = trusting(CA)
    context.set_ecdh_curve(curve)
    async with serving(hello, encryption=encryption) as server:
        if fails:
            with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
                async with server.client(context):
                    pass
        else:
            async with server.client(context) as client:
                await client.send(GET)
                assert (await client.response()).body == b"hello"


async def test_challenge() -> None:
    """An authority that asks by `acme-tls/1` sees the challenge's certificate, and no HTTP."""
    asked = asyncio.Event()
    ring = Ring(lambda *_: asked.set())
    ring.update(Update())
    challenge = Challenge(TLSALPN01, "localhost", "token", "token.thumbprint")
    encryption = await encrypting(LOCALHOST, ring=ring)
    context = trusting(None, alpn=(ACME_TLS,))
    async with serving(hello, encryption=encryption) as server:

        async def answer() -> None:
            async with asyncio.timeout(PATIENCE):
                await asked.wait()
            ring.answer(TLSALPN01, "localhost", Found(challenge=challenge))

        answering = asyncio.create_task(answer())
        async with connected(server, context, "localhost") as client:
            await answering
            seen = client.session.getpeercert(binary_form=True)
            assert seen is not None
            assert client.session.selected_alpn_protocol() == ACME_TLS
            await client.send(GET)
            assert await client.read_to_end() == b""
    certificate = x509.load_der_x509_certificate(seen)
    extension = certificate.extensions.get_extension_for_oid(ACME_IDENTIFIER)
    assert isinstance(extension.value, x509.UnrecognizedExtension)
    assert extension.value.value == b"\x04\x20" + hashlib.sha256(b"token.thumbprint").digest()
