"""From an order to a certificate, by each challenge."""

from __future__ import annotations

import asyncio
import hashlib
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from snake.acme.key import encoded
from snake.acme_server.orders import Terms
from snake.acme_server.proving import Ports
from snake.pki.signing import alternative_names
from snake.tls.challenge import WELL_KNOWN
from tests.acme_server.answering import handshake, http, page, zone
from tests.acme_server.conversation import Client, path_of, problem, served
from tests.pki.requests import certificates, private_key, provisioned, request


async def proved(folder: Path, *names: str, **more: Any) -> tuple[Client, dict[str, Any]]:
    """Return a client, and an order of its that is ready."""
    pages: dict[str, bytes] = {}
    async with http(pages) as port:
        client = await served(folder, ports=Ports(http=port), **more)
        order = await client.order(*names)
        for index in range(len(order["authorizations"])):
            challenge = (await client.challenges(order, index))["http-01"]
            pages[WELL_KNOWN + challenge["token"]] = page(client.authorization(challenge))
            assert (await client.prove(challenge))["status"] == "valid"
    return client, order


async def test_http_proves_a_name(tmp_path: Path) -> None:
    """Who answers at the well-known path gets a certificate, which is downloaded."""
    client, order = await proved(tmp_path, "localhost")

    ready = (await client.post(order["path"])).value
    reply = await client.finalize(order, "localhost")
    chain = await client.post(path_of(reply.value["certificate"]))

    assert (order["status"], ready["status"], reply.value["status"]) == (
        "pending",
        "ready",
        "valid",
    )
    assert chain.media_type == "application/pem-certificate-chain"
    leaf, intermediate = certificates(chain.text.decode())
    leaf.verify_directly_issued_by(intermediate)
    span = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    assert span.total_seconds() == 3660
    assert names_of(leaf) == ["localhost"]


def names_of(leaf: x509.Certificate) -> list[str]:
    """Return the names of a certificate."""
    found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(each.value) for each in found]


async def test_handshake_proves_an_address(tmp_path: Path) -> None:
    """Who shows the certificate of TLS-ALPN-01 has the address."""
    client = await served(tmp_path)
    order = await client.order("127.0.0.1")
    challenge = (await client.challenges(order))["tls-alpn-01"]
    arpa = ip_address("127.0.0.1").reverse_pointer

    async with handshake(tmp_path, arpa, client.authorization(challenge)) as port:
        again = await served(tmp_path, ports=Ports(https=port), key=client.key)
        assert (await again.prove(challenge))["status"] == "valid"
    reply = await again.finalize(order, "127.0.0.1")

    assert reply.value["status"] == "valid"


async def test_dns_proves_a_wildcard(tmp_path: Path) -> None:
    """A wildcard is proved by DNS alone, at the name without it."""
    records: dict[str, str] = {}
    async with zone(records) as place:
        client = await served(tmp_path, resolver=place)
        order = await client.order("*.a.test")
        challenges = await client.challenges(order)
        challenge = challenges["dns-01"]
        assert list(challenges) == ["dns-01"]

        before = await client.prove(challenge)
        digest = hashlib.sha256(client.authorization(challenge).encode()).digest()
        records["_acme-challenge.a.test"] = encoded(digest)
        after = await client.prove(challenge)

    assert (before["status"], before["error"]["type"].rpartition(":")[2]) == (
        "pending",
        "rejectedIdentifier",
    )
    assert (after["status"], "error" in after) == ("valid", False)
    assert (await client.finalize(order, "*.a.test")).value["status"] == "valid"


@pytest.mark.parametrize(
    ("answer", "status", "kind"),
    [
        (b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", "pending", "connection"),
        (b"nonsense", "pending", "connection"),
        (page("x" * 5000), "pending", "connection"),
        (page("another answer"), "invalid", "rejectedIdentifier"),
    ],
)
async def test_wrong_answers_prove_nothing(
    tmp_path: Path, answer: bytes, status: str, kind: str
) -> None:
    """A wrong answer ends the order; with none, another attempt may be made."""
    pages: dict[str, bytes] = {}
    async with http(pages) as port:
        client = await served(tmp_path, ports=Ports(http=port))
        order = await client.order("localhost")
        challenge = (await client.challenges(order))["http-01"]
        pages[WELL_KNOWN + challenge["token"]] = answer

        found = await client.prove(challenge)

    assert (found["status"], found["error"]["type"].rpartition(":")[2]) == (status, kind)
    assert (await client.post(order["path"])).value["status"] == status
    assert problem(await client.finalize(order, "localhost")) == "orderNotReady"


async def test_attempts_are_bounded(tmp_path: Path) -> None:
    """Nobody is asked for the same proof for ever, nor for too many at once."""
    waiting = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await waiting.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        client = await served(tmp_path, ports=Ports(http=port))
        challenge = (await client.challenges(await client.order("localhost")))["http-01"]
        bodies = []
        for _ in range(52):
            client.nonce = ""
            bodies.append(await client.signed(path_of(challenge["url"]), b"{}", None))
        media_type = "application/jose+json"
        calls = [
            asyncio.ensure_future(
                client.call(path_of(challenge["url"]), body, media_type=media_type)
            )
            for body in bodies
        ]
        busy, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        waiting.set()
        replies = await asyncio.gather(*calls)

    assert {problem(call.result()) for call in busy} == {"rateLimited"}
    assert sorted(reply.status for reply in replies) == [*[200] * 50, 503, 503]
    client.nonce = ""
    order = await client.post(f"authz/{challenge['url'].split('/')[-2]}")
    assert order.value["status"] == "invalid"


async def test_redirects_are_followed_but_not_for_ever(tmp_path: Path) -> None:
    """A challenge may be answered elsewhere; a loop of redirects proves nothing."""
    pages: dict[str, bytes] = {}
    async with http(pages) as port:
        client = await served(tmp_path, ports=Ports(http=port))
        challenge = (await client.challenges(await client.order("localhost")))["http-01"]
        place = WELL_KNOWN + challenge["token"]
        pages[place] = b"HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n"
        pages["/x"] = pages[place].replace(b"/x", place.encode())
        loop = await client.prove(challenge)
        pages["/x"] = page(client.authorization(challenge))
        found = await client.prove(challenge)

    assert (loop["status"], found["status"]) == ("pending", "valid")


@pytest.mark.parametrize("change", ["name", "authorization", "protocol"])
async def test_wrong_handshakes_prove_nothing(tmp_path: Path, change: str) -> None:
    """The certificate must be for the name, hold the proof, and be shown for `acme-tls/1`."""
    client = await served(tmp_path)
    challenge = (await client.challenges(await client.order("localhost")))["tls-alpn-01"]
    right = {
        "name": "localhost",
        "authorization": client.authorization(challenge),
        "protocol": "acme-tls/1",
    }
    async with handshake(tmp_path, **(right | {change: "other.test"})) as port:
        again = await served(tmp_path, ports=Ports(https=port), key=client.key)
        found = await again.prove(challenge)

    assert found["status"] != "valid"


@pytest.mark.parametrize("names", [("localhost", "evil.test"), ("evil.test",), ()])
async def test_request_must_be_for_the_names_of_the_order(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    """No name is certified that was not proved."""
    client, order = await proved(tmp_path, "localhost")

    assert problem(await client.finalize(order, *names)) == "badCSR"
    assert (await client.finalize(order, "localhost")).value["status"] == "valid"


async def test_common_name_is_one_of_the_names(tmp_path: Path) -> None:
    """A common name that was not proved is refused; the rest of a subject is left out."""
    client, order = await proved(tmp_path, "localhost")

    def asking(name: str) -> bytes:
        attributes = [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Bank"),
        ]
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(attributes))
        builder = builder.add_extension(alternative_names(["localhost"]), critical=False)
        signed = builder.sign(private_key(), hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.DER)

    assert problem(await client.finalize(order, csr=asking("evil.test"))) == "badCSR"
    await client.finalize(order, csr=asking("localhost"))
    chain = await client.post(f"certificate/{order['id']}")
    assert certificates(chain.text.decode())[0].subject.rfc4514_string() == "CN=localhost"


async def test_several_names_are_one_certificate(tmp_path: Path) -> None:
    """An order may have names and addresses; each is proved, and the certificate has all."""
    client, order = await proved(tmp_path, "localhost", "127.0.0.1", "LOCALHOST")

    await client.finalize(order, "localhost", "127.0.0.1")

    chain = await client.post(f"certificate/{order['id']}")
    assert sorted(names_of(certificates(chain.text.decode())[0])) == ["127.0.0.1", "localhost"]


async def test_terms_are_kept(tmp_path: Path) -> None:
    """Lifetime, challenges and signer are those of the server."""
    terms = Terms(lifetime=7200, challenges=("http-01",), sign_with_root=True)
    client, order = await proved(tmp_path, "localhost", terms=terms)
    assert list(await client.challenges(order)) == ["http-01"]

    await client.finalize(order, "localhost")

    chain = await client.post(f"certificate/{order['id']}")
    leaf, root = certificates(chain.text.decode())
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).total_seconds() == 7260
    assert root == (await (await provisioned(tmp_path)).get()).root
    reply = await client.post("new-order", {"identifiers": [{"type": "dns", "value": "*.a.test"}]})
    assert problem(reply) == "rejectedIdentifier"


async def test_order_expires(tmp_path: Path) -> None:
    """What is not done within a day is invalid, and forgotten with later orders."""
    at = [1_800_000_000.0]
    client = await served(tmp_path, now=lambda: at[0])
    order = await client.order("localhost")

    at[0] += 25 * 3600

    assert (await client.post(order["path"])).value["status"] == "invalid"
    challenge = (await client.challenges(order))["http-01"]
    assert (await client.prove(challenge))["status"] == "pending"
    assert problem(await client.finalize(order, "localhost")) == "orderNotReady"


async def test_certificate_can_be_revoked_once(tmp_path: Path) -> None:
    """The account that has it may revoke a certificate; another may not."""
    client, order = await proved(tmp_path, "localhost")
    other = Client(client.server, type(client.key).generate())
    await other.register()
    await client.finalize(order, "localhost")
    chain = await client.post(f"certificate/{order['id']}")
    leaf = certificates(chain.text.decode())[0].public_bytes(serialization.Encoding.DER)
    asked = {"certificate": encoded(leaf)}

    assert (
        problem(await client.post("revoke-cert", {**asked, "reason": 7})) == "badRevocationReason"
    )
    assert problem(await other.post("revoke-cert", asked)) == "unauthorized"
    assert (await client.post("revoke-cert", asked)).status == 200
    assert problem(await client.post("revoke-cert", asked)) == "alreadyRevoked"


async def test_certificate_can_be_revoked_with_its_own_key(tmp_path: Path) -> None:
    """Who has the key of a certificate needs no account to revoke it; another key is no use."""
    client, order = await proved(tmp_path, "localhost")
    private = private_key()
    await client.finalize(order, csr=request("localhost", key=private))
    chain = await client.post(f"certificate/{order['id']}")
    leaf = certificates(chain.text.decode())[0].public_bytes(serialization.Encoding.DER)
    asked = {"certificate": encoded(leaf)}
    assert isinstance(private, ec.EllipticCurvePrivateKey)

    other = Client(client.server, type(client.key).generate())
    assert problem(await other.post("revoke-cert", asked, account="")) == "unauthorized"
    holder = Client(client.server, type(client.key)(private))
    assert (await holder.post("revoke-cert", asked, account="")).status == 200
