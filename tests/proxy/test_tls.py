"""proxy.encryption: whom connections to upstreams believe, and what they say of themselves."""

from __future__ import annotations

import asyncio
import base64
import ssl
from pathlib import Path
from typing import Any

import pytest

from snake.core.errors import ConfigError
from tests.proxy.certificates import Certificates
from tests.proxy.proxying import OK, Peer, answering, proxy, upstream
from tests.transport.wire import GET


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    """Return an authority."""
    return Certificates(tmp_path)


def transport(**tls: Any) -> dict[str, Any]:
    """Return the transport with these settings of TLS."""
    return {"protocol": "http", "tls": tls}


def believing(certificates: Certificates) -> dict[str, Any]:
    """Return the setting that believes an authority."""
    return {"provider": "file", "pem_files": [certificates.file]}


async def ask(up: Any, **tls: Any) -> int:
    """Ask an upstream by a proxy with these settings; return the status."""
    async with proxy(up, transport=transport(**tls)) as server, server.client() as client:
        await client.send(GET)
        return (await client.response()).status


async def test_trusted_authority(certificates: Certificates) -> None:
    """With the authority that signed its certificate, an upstream is believed; else it is a 502."""
    async with upstream(OK, tls=certificates.server("127.0.0.1")) as up:
        assert await ask(up, ca=believing(certificates)) == 200
        assert await ask(up) == 502
        assert await ask(up, insecure_skip_verify=True) == 200
        assert await ask(up, root_ca_pem_files=[certificates.file]) == 200


async def test_authorities_in_the_config(certificates: Certificates) -> None:
    """They may stand there as DER, and several pools make one."""
    pem = certificates.authority.cert_pem.bytes().decode()
    der = base64.b64encode(ssl.PEM_cert_to_DER_cert(pem)).decode()
    inline = {"provider": "inline", "trusted_ca_certs": [der]}
    both = {"provider": "combined", "sources": [{"provider": "system"}, inline]}
    async with upstream(OK, tls=certificates.server("127.0.0.1")) as up:
        assert await ask(up, ca=inline) == 200
        assert await ask(up, ca=both) == 200
        assert await ask(up, root_ca_pool=[der]) == 200


async def test_name_of_the_certificate(certificates: Certificates) -> None:
    """It has to be the upstream's own, or the one of `server_name`."""
    async with upstream(OK, tls=certificates.server("up.test")) as up:
        ca = believing(certificates)
        assert await ask(up, ca=ca) == 502
        assert await ask(up, ca=ca, server_name="up.test") == 200
        assert await ask(up, ca=ca, server_name="other.test") == 502


async def test_name_from_the_request(certificates: Certificates) -> None:
    """`server_name` may have placeholders; connections of one name are not used for another."""
    context = certificates.server("a.test", "b.test")
    names: list[str | None] = []
    context.sni_callback = lambda _, name, __: names.append(name)
    async with (
        upstream(OK, tls=context) as up,
        proxy(
            up,
            transport=transport(
                ca=believing(certificates), server_name="{http.request.header.X}.test"
            ),
        ) as server,
        server.client() as client,
    ):
        for name in ("a", "b", "a"):
            await client.send(b"GET / HTTP/1.1\r\nHost: h\r\nX: %b\r\n\r\n" % name.encode())
            assert (await client.response()).status == 200

    assert names == ["a.test", "b.test"]


async def test_host_is_the_upstreams(certificates: Certificates) -> None:
    """An encrypted upstream gets its own address as Host, unless the config says another."""
    context = certificates.server("127.0.0.1")
    async with upstream(OK, tls=context) as up:
        await ask(up, ca=believing(certificates))
        assert f"\r\nHost: {up.address}\r\n".encode() in up.asked[0]
        assert b"\r\nX-Forwarded-Host: a\r\n" in up.asked[0]


async def test_client_certificate(certificates: Certificates) -> None:
    """An upstream that asks for one gets the one that is configured."""
    context = certificates.server("127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    certificates.authority.configure_trust(context)
    certificate, key = certificates.client("me.test")
    subjects: list[Any] = []

    async def serve(peer: Peer) -> None:
        subjects.append(peer.writer.get_extra_info("peercert")["subjectAltName"])
        await answering(OK)(peer)

    async with upstream(serve, tls=context) as up:
        ca = believing(certificates)
        status = await ask(
            up, ca=ca, client_certificate_file=certificate, client_certificate_key_file=key
        )
        assert status == 200
        assert await ask(up, ca=ca) == 502
    assert subjects == [(("DNS", "me.test"),)]


async def test_except_ports() -> None:
    """Upstreams on these ports are not encrypted, and still get their own address as Host."""
    async with upstream(OK) as up:
        assert await ask(up, except_ports=[up.address.rpartition(":")[2]]) == 200
        assert f"\r\nHost: {up.address}\r\n".encode() in up.asked[0]


async def test_upstream_that_does_not_speak_tls() -> None:
    """What it says first, in plain text, reaches nobody (nginx CVE-2026-1642)."""

    async def serve(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nspoken")
        await peer.rest()

    async with upstream(serve) as up:
        assert await ask(up, insecure_skip_verify=True) == 502


async def test_handshake_that_does_not_end() -> None:
    """It is a 504 after `handshake_timeout`."""

    async def serve(peer: Peer) -> None:
        await peer.rest()

    async with upstream(serve) as up:
        assert await ask(up, handshake_timeout="100ms", insecure_skip_verify=True) == 504


async def test_one_curve(certificates: Certificates) -> None:
    """A curve that the upstream has not is a 502."""
    context = certificates.server("127.0.0.1")
    context.set_ecdh_curve("secp384r1")
    async with upstream(OK, tls=context) as up:
        ca = believing(certificates)
        assert await ask(up, ca=ca, curves=["secp384r1"]) == 200
        assert await ask(up, ca=ca, curves=["secp521r1"]) == 502


async def test_connections_are_kept(certificates: Certificates) -> None:
    """One handshake serves many requests."""
    async with (
        upstream(OK, tls=certificates.server("127.0.0.1")) as up,
        proxy(up, transport=transport(ca=believing(certificates))) as server,
        server.client() as client,
    ):
        for _ in range(3):
            await client.send(GET)
            assert (await client.response()).body == b"ok"

        assert up.connections == 1


async def test_upgrade_over_tls(certificates: Certificates) -> None:
    """A tunnel may be encrypted on one side."""
    head = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n"

    async def serve(peer: Peer) -> None:
        await peer.head()
        await peer.send(head + b"first")
        await peer.send(await peer.exactly(6))

    async with (
        upstream(serve, tls=certificates.server("127.0.0.1")) as up,
        proxy(up, transport=transport(ca=believing(certificates))) as server,
        server.client() as client,
    ):
        await client.send(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\nsecond"
        )
        await client.response()

        async with asyncio.timeout(10):
            assert await client.reader.readexactly(11) == b"firstsecond"


@pytest.mark.parametrize(
    ("tls", "path", "message"),
    [
        ({"ca": {"provider": "file", "pem_files": ["/none.pem"]}}, "ca/pem_files/0", "/none.pem"),
        ({"root_ca_pem_files": ["/none.pem"]}, "root_ca_pem_files/0", "cannot read /none.pem"),
        ({"ca": {"provider": "inline", "trusted_ca_certs": ["?"]}}, "trusted_ca_certs/0", "base64"),
        ({"root_ca_pool": ["AAAA"]}, "tls", "the trusted certificates cannot be used"),
        ({"client_certificate_file": "/c"}, "client_certificate_file", "without client_cert"),
        ({"client_certificate_key_file": "/k"}, "client_certificate_key_file", "without client"),
        (
            {"client_certificate_file": "/c", "client_certificate_key_file": "/k"},
            "client_certificate_file",
            "loading client certificate key pair",
        ),
        ({"client_certificate_automate": "a"}, "client_certificate_automate", "only there where"),
        ({"renegotiation": "often"}, "renegotiation", "invalid TLS renegotiation level: often"),
        ({"curves": ["secp256k1"]}, "curves/0", "unsupported curve: secp256k1"),
        ({"curves": ["x25519", "secp256r1"]}, "curves", "one curve of"),
    ],
)
async def test_wrong_settings(tls: dict[str, Any], path: str, message: str) -> None:
    """They stop the start, and are told with their place."""
    with pytest.raises(ConfigError) as raised:
        async with proxy("a:1", transport=transport(**tls)):
            pass
    assert path in raised.value.path
    assert message in str(raised.value)
