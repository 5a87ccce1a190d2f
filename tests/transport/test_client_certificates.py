"""What clients have to show: certificates, by the modes of a policy."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from snake.core.errors import ConfigError
from snake.tls.secured import SECURED, Secured
from snake.transport.asgi import Receive, Scope, Send
from tests.transport.crypt import EC, encrypting, issue, trusting
from tests.transport.wire import GET, Server, hello, serving

CA = trustme.CA(key_type=EC)
CLIENTS = trustme.CA(key_type=EC)
STRANGERS = trustme.CA(key_type=EC)
SITE = issue(CA, "localhost", "a.localhost", "b.localhost")
KNOWN = CLIENTS.issue_cert("ann", key_type=EC)
STRANGER = STRANGERS.issue_cert("eve", key_type=EC)
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def der(pem: trustme.Blob) -> str:
    """Return a certificate as DER in base64."""
    return base64.b64encode(ssl.PEM_cert_to_DER_cert(pem.bytes().decode())).decode()


TRUSTED = {"ca": {"provider": "inline", "trusted_ca_certs": [der(CLIENTS.cert_pem)]}}


class Seen:
    """An app that keeps the last scope."""

    scope: Scope

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keep it, and answer."""
        self.scope = scope
        await hello(scope, receive, send)


async def visit(server: Server, context: ssl.SSLContext, name: str = "localhost") -> bool:
    """Return whether a client is answered."""
    try:
        async with server.client(context, name) as client:
            await client.send(GET)
            return (await client.response()).body == b"hello"
    except (ssl.SSLError, OSError, EOFError):
        return False


@pytest.mark.parametrize("newest", VERSIONS)
@pytest.mark.parametrize(
    ("auth", "nobody", "known", "stranger"),
    [
        ({"mode": "request"}, True, True, True),
        ({"mode": "require"}, False, True, True),
        ({"mode": "verify_if_given", **TRUSTED}, True, True, False),
        ({"mode": "require_and_verify", **TRUSTED}, False, True, False),
        (TRUSTED, False, True, False),
        ({"trusted_ca_certs": TRUSTED["ca"]["trusted_ca_certs"]}, False, True, False),
        ({"mode": "require_and_verify"}, False, False, False),
        (
            {"mode": "require", "trusted_leaf_certs": [der(STRANGER.cert_chain_pems[0])]},
            False,
            False,
            True,
        ),
        (
            {"mode": "request", "trusted_leaf_certs": [der(KNOWN.cert_chain_pems[0])]},
            False,
            True,
            False,
        ),
    ],
    ids=lambda value: str(value.get("mode")) if isinstance(value, dict) else None,
)
async def test_modes(
    auth: dict[str, Any], *, nobody: bool, known: bool, stranger: bool, newest: ssl.TLSVersion
) -> None:
    """Each mode lets in whom it lets in with Caddy, in TLS 1.2 and 1.3."""
    encryption = await encrypting(SITE, policies=({"client_authentication": auth},))
    async with serving(hello, encryption=encryption) as server:
        for client, expected in ((None, nobody), (KNOWN, known), (STRANGER, stranger)):
            context = trusting(CA, client=client, newest=newest)
            assert await visit(server, context) is expected, client


@pytest.mark.parametrize(("mode", "error"), [("request", "not verified"), ("verify_if_given", "")])
async def test_scope(mode: str, error: str) -> None:
    """A request tells of its client's certificate, and whether somebody has verified it."""
    app = Seen()
    auth = {"mode": mode, **TRUSTED}
    encryption = await encrypting(SITE, policies=({"client_authentication": auth},))
    async with serving(app, encryption=encryption) as server:
        assert await visit(server, trusting(CA, client=KNOWN))
        secured: Secured = app.scope[SECURED]
        extension = app.scope["extensions"]["tls"]
        assert await visit(server, trusting(CA))
        assert app.scope[SECURED].peers == ()
    assert secured.peers[0] == base64.b64decode(der(KNOWN.cert_chain_pems[0]))
    assert secured.peer_error == error
    assert (
        extension["client_cert_chain"][0].strip()
        == KNOWN.cert_chain_pems[0].bytes().decode().strip()
    )
    assert extension["client_cert_error"] == (error or None)


@pytest.mark.parametrize("newest", VERSIONS)
async def test_ticket_of_another_host(newest: ssl.TLSVersion) -> None:
    """The session of a site without client certificates opens none that asks for one."""
    encryption = await encrypting(
        SITE,
        policies=({"match": {"sni": ["b.localhost"]}, "client_authentication": TRUSTED}, {}),
    )
    app = Seen()
    async with serving(app, encryption=encryption) as server:
        context = trusting(CA, newest=newest)
        async with server.client(context, "a.localhost") as client:
            await client.send(GET)
            await client.response()
            session = client.writer.get_extra_info("ssl_object").session
        assert session.has_ticket
        assert await resumed(server, context, session, "a.localhost")
        assert await resumed(server, context, session, "b.localhost") is None


async def resumed(
    server: Server, context: ssl.SSLContext, session: ssl.SSLSession, name: str
) -> bool | None:
    """Return whether a session goes on with a new connection; `None` if there is no answer."""

    def ask() -> bool | None:
        assert isinstance(server.address, tuple)
        with (
            socket.create_connection(server.address) as sock,
            context.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False) as tls,
        ):
            tls.settimeout(10)
            tls.session = session
            try:
                tls.do_handshake()
                tls.sendall(GET)
                answered = tls.recv(1000).startswith(b"HTTP/1.1 200")
            except OSError:
                return None
            return tls.session_reused if answered else None

    return await asyncio.to_thread(ask)


@pytest.mark.parametrize("newest", VERSIONS)
@pytest.mark.parametrize("auth", [{"mode": "require"}, TRUSTED], ids=["require", "verify"])
async def test_no_resumption(auth: dict[str, Any], newest: ssl.TLSVersion) -> None:
    """Who has shown a certificate shows it again on the next connection."""
    encryption = await encrypting(SITE, policies=({"client_authentication": auth},))
    async with serving(hello, encryption=encryption) as server:
        context = trusting(CA, newest=newest, client=KNOWN)
        async with server.client(context) as client:
            await client.send(GET)
            await client.response()
            session = client.writer.get_extra_info("ssl_object").session
        assert await resumed(server, context, session, "localhost") is False


@pytest.mark.parametrize(
    ("auth", "message"),
    [
        ({"ca": {"provider": "file", "pem_files": ["/none.pem"]}}, "cannot read /none.pem"),
        ({"trusted_ca_certs_pem_files": ["/none.pem"]}, "cannot read /none.pem"),
        ({"ca": {"provider": "inline", "trusted_ca_certs": ["bm9uZQ=="]}}, "OpenSSL cannot"),
        ({"mode": "requird"}, 'client auth mode not recognized: requird; did you mean "require"?'),
        ({**TRUSTED, "trusted_ca_certs": ["x"]}, "conflicting config"),
        (
            {
                "verifiers": [
                    {
                        "verifier": "leaf",
                        "leaf_certs_loaders": [{"loader": "file", "files": ["/none.pem"]}],
                    }
                ]
            },
            "cannot read /none.pem",
        ),
    ],
)
async def test_fail_closed(auth: dict[str, Any], message: str) -> None:
    """A policy whose authorities cannot be read does not start (CVE-2026-27586)."""
    with pytest.raises(ConfigError) as caught:
        await encrypting(SITE, policies=({"client_authentication": auth},))
    assert message in str(caught.value)


async def test_leaf_verifier(tmp_path: Path) -> None:
    """The verifier `leaf` lets those in whose certificates its loaders have."""
    (tmp_path / "sub").mkdir()
    KNOWN.cert_chain_pems[0].write_to_path(str(tmp_path / "sub" / "ann.PEM"))
    (tmp_path / "ann.txt").write_text("not looked at")
    verifier = {
        "verifier": "leaf",
        "leaf_certs_loaders": [{"loader": "folder", "folders": [str(tmp_path)]}],
    }
    auth = {"mode": "require", "verifiers": [verifier]}
    encryption = await encrypting(SITE, policies=({"client_authentication": auth},))
    async with serving(hello, encryption=encryption) as server:
        assert await visit(server, trusting(CA, client=KNOWN))
        assert not await visit(server, trusting(CA, client=STRANGER))
        assert not await visit(server, trusting(CA))


async def test_intermediate_is_enough() -> None:
    """Whoever is trusted need not have signed itself: an intermediate can be the authority."""
    intermediate = CLIENTS.create_child_ca(key_type=EC)
    client = intermediate.issue_cert("bob", key_type=EC)
    auth = {"ca": {"provider": "inline", "trusted_ca_certs": [der(intermediate.cert_pem)]}}
    encryption = await encrypting(SITE, policies=({"client_authentication": auth},))
    async with serving(hello, encryption=encryption) as server:
        assert await visit(server, trusting(CA, client=client))
        assert not await visit(server, trusting(CA, client=KNOWN))
