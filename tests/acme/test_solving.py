"""Challenges: what answers them, and what it answers to strangers."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import ssl
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509

from snake.acme.distributed import Shared
from snake.acme.listener import Listeners
from snake.acme.names import arpa, from_arpa
from snake.acme.presented import Presented
from snake.acme.solver import SolverError
from snake.acme.tlsalpn01 import challenge_certificate
from snake.storage.folder import FileStorage
from snake.tls.challenge import ACME_TLS, HTTP01, TLSALPN01, WELL_KNOWN, Challenge, Desk
from tests.server import free_port

HTTP = Challenge(HTTP01, "a.example.com", "token", "token.thumbprint")
TLS = Challenge(TLSALPN01, "a.example.com", "token", "token.thumbprint")


def test_the_certificate_of_a_challenge_is_for_nothing_else() -> None:
    """It has the name and, as a critical extension, the digest of the answer (RFC 8737 §3)."""
    certificate = challenge_certificate(TLS)
    leaf = x509.load_pem_x509_certificate(certificate.chain.encode())
    found = leaf.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31"))
    assert found.critical
    assert isinstance(found.value, x509.UnrecognizedExtension)
    assert found.value.value == b"\x04\x20" + hashlib.sha256(b"token.thumbprint").digest()
    assert certificate.names == ("a.example.com",)


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::1"])
def test_an_address_is_asked_for_by_its_reverse_name(address: str) -> None:
    """For an address, the server's name is that in the reverse DNS (RFC 8738 §6)."""
    name = arpa(address)
    assert from_arpa(name) == address
    assert challenge_certificate(Challenge(TLSALPN01, name, "t", "t.k")).names == (address,)


@pytest.mark.parametrize("name", ["example.com", "x.in-addr.arpa", "1.ip6.arpa", "in-addr.arpa"])
def test_no_other_name_is_an_address(name: str) -> None:
    """A name that is no whole address in the reverse DNS is a name."""
    assert from_arpa(name) is None


async def _get(port: int, text: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text.encode())
    with suppress(OSError):
        answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize("host", ["a.example.com", "A.example.com", "a.example.com.:80"])
async def test_a_challenge_is_answered_on_a_port_of_its_own(host: str) -> None:
    """The answer is plain text, by the host and the path that are being proved."""
    port = free_port()
    async with Listeners().answering(HTTP, "127.0.0.1", port):
        answer = await _get(port, f"GET {WELL_KNOWN}token HTTP/1.1\r\nHost: {host}\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n")
    assert body == b"token.thumbprint"
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection("127.0.0.1", port)


@pytest.mark.parametrize(
    "request_",
    [
        f"GET {WELL_KNOWN}token HTTP/1.1\r\nHost: b.example.com\r\n\r\n",
        f"GET {WELL_KNOWN}other HTTP/1.1\r\nHost: a.example.com\r\n\r\n",
        f"GET {WELL_KNOWN}../token HTTP/1.1\r\nHost: a.example.com\r\n\r\n",
        f"GET {WELL_KNOWN}%2e%2e HTTP/1.1\r\nHost: a.example.com\r\n\r\n",
        f"POST {WELL_KNOWN}token HTTP/1.1\r\nHost: a.example.com\r\n\r\n",
        f"GET {WELL_KNOWN}token HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.example.com\r\n\r\n",
        "\r\n\r\n",
        f"GET {'x' * 20_000} HTTP/1.1\r\n\r\n",
    ],
)
async def test_nothing_else_is_answered(request_: str) -> None:
    """What is not the challenge is a 404, or nothing; nothing of the request is repeated."""
    port = free_port()
    async with Listeners().answering(HTTP, "127.0.0.1", port):
        answer = await _get(port, request_)
    assert answer.startswith(b"HTTP/1.1 404 ") or not answer
    assert b"thumbprint" not in answer
    assert b"other" not in answer


async def test_a_port_that_somebody_has_is_left_to_them() -> None:
    """Where somebody listens already, nothing is opened: it is for them to answer."""
    with socket.create_server(("127.0.0.1", 0)) as theirs:
        async with Listeners().answering(HTTP, "127.0.0.1", theirs.getsockname()[1]):
            pass


async def test_a_port_is_shared_by_challenges() -> None:
    """Two challenges on one port are answered both, and the last one to end closes it."""
    other = Challenge(HTTP01, "b.example.com", "token", "token.other")
    port, listeners = free_port(), Listeners()
    ask = f"GET {WELL_KNOWN}token HTTP/1.1\r\nHost: %s\r\n\r\n"
    async with listeners.answering(HTTP, "127.0.0.1", port):
        async with listeners.answering(other, "127.0.0.1", port):
            assert (await _get(port, ask % "b.example.com")).endswith(b"token.other")
        assert (await _get(port, ask % "a.example.com")).endswith(b"token.thumbprint")
        assert b" 404 " in await _get(port, ask % "b.example.com")


async def test_a_handshake_is_answered_with_the_challenge() -> None:
    """In a handshake for the name and `acme-tls/1`, the challenge's certificate is shown."""
    port = free_port()
    async with Listeners().answering(TLS, "127.0.0.1", port):
        protocol, certificate = await _handshake(port, "a.example.com")
        assert protocol == ACME_TLS
        assert b"ACME challenge" in certificate
        with pytest.raises(OSError):  # noqa: PT011  (an alert, or just the end)
            await _handshake(port, "b.example.com")


async def _handshake(port: int, name: str) -> tuple[str | None, bytes]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([ACME_TLS])
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
    connection = writer.get_extra_info("ssl_object")
    shown: bytes = connection.getpeercert(binary_form=True)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return connection.selected_alpn_protocol(), shown


async def test_a_challenge_is_found_by_another_machine(tmp_path: Path) -> None:
    """Who shares the storage finds a challenge, in certmagic's place and format; then it is gone.

    So it answers for a machine that has begun it, a Caddy among them.
    """
    storage = FileStorage(tmp_path)
    here, there = Shared(storage, "ca.example-dir"), Shared(storage, "ca.example-dir")
    async with here.storing(HTTP):
        file = tmp_path / "acme/ca.example-dir/challenge_tokens/a.example.com.json"
        stored = json.loads(file.read_bytes())
        assert stored["type"] == "http-01"
        assert stored["token"] == "token"
        assert stored["keyAuthorization"] == "token.thumbprint"
        assert stored["identifier"] == {"type": "dns", "value": "a.example.com"}
        desk = Desk()
        desk.look_elsewhere((there,))
        assert await desk.find(HTTP01, "a.example.com") == HTTP
        assert await desk.find(TLSALPN01, "a.example.com") is None
    assert await there.find("a.example.com") is None
    assert not file.exists()


async def test_one_look_is_enough_for_many_issuers(tmp_path: Path) -> None:
    """Places with the same storage and authority are one: a stranger's host costs one look."""
    storage = FileStorage(tmp_path)
    places = [Shared(storage, "ca"), Shared(storage, "ca"), Shared(storage, "other")]
    assert len(dict.fromkeys(places)) == 2


async def test_a_challenge_that_caddy_began_is_read(tmp_path: Path) -> None:
    """What certmagic writes for a challenge is understood, with all its fields."""
    file = tmp_path / "acme/ca/challenge_tokens/a.example.com.json"
    file.parent.mkdir(parents=True)
    file.write_text(
        '{"type":"tls-alpn-01","url":"https://ca/chal/1","status":"pending",'
        '"token":"token","keyAuthorization":"token.thumbprint",'
        '"identifier":{"type":"dns","value":"a.example.com"}}'
    )
    assert await Shared(FileStorage(tmp_path), "ca").find("a.example.com") == TLS


@pytest.mark.parametrize(
    "name",
    [
        "../../users/default/default",
        "a/b",
        "",
        ".",
        "..",
        "a\x00b",
        "a" * 300,
        "a b",
        "%2e%2e",
        "*",
    ],
)
async def test_no_path_is_made_of_a_name(tmp_path: Path, name: str) -> None:
    """What is no name of a host is not looked for."""
    (tmp_path / "acme/ca/challenge_tokens").mkdir(parents=True)
    assert await Shared(FileStorage(tmp_path), "ca").find(name) is None


async def test_a_stored_challenge_that_is_garbage_is_none(tmp_path: Path) -> None:
    """What is no challenge is not one."""
    file = tmp_path / "acme/ca/challenge_tokens/a.example.com.json"
    file.parent.mkdir(parents=True)
    file.write_text("garbage")
    assert await Shared(FileStorage(tmp_path), "ca").find("a.example.com") is None


async def test_what_cannot_be_stored_is_not_tried(tmp_path: Path) -> None:
    """When the storage does not take a challenge, the authority is not told to look."""
    (tmp_path / "acme").write_text("a file where a folder should be")
    shared = Shared(FileStorage(tmp_path), "ca")
    address = ("127.0.0.1", free_port())
    solver = Presented(HTTP01, Desk(), shared, Listeners(), address)
    with pytest.raises(SolverError, match="challenge_tokens"):
        async with solver.solving(HTTP):
            pytest.fail("it was tried")


async def test_a_challenge_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    """When solving is cancelled, port, desk and storage are as before."""
    desk, port = Desk(), free_port()
    shared = Shared(FileStorage(tmp_path), "ca")
    solver = Presented(HTTP01, desk, shared, Listeners(), ("127.0.0.1", port))
    begun = asyncio.Event()

    async def solve() -> None:
        async with solver.solving(HTTP):
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(solve())
    await begun.wait()
    assert await desk.find(HTTP01, "a.example.com") == HTTP
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert await desk.find(HTTP01, "a.example.com") is None
    assert await FileStorage(tmp_path).list("acme/ca/challenge_tokens") == []
    socket.create_server(("127.0.0.1", port)).close()
