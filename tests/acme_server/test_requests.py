"""What the ACME server takes for a request, and what not."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from snake.acme.key import Key, encoded
from snake.acme_server.jws import decoded
from snake.acme_server.ledger import Ledger
from snake.acme_server.orders import Terms
from snake.acme_server.rules import Names, Rules, read_domain, read_network
from snake.acme_server.server import Reply
from snake.storage.folder import FileStorage
from tests.acme_server.conversation import BASE, Client, identifier, problem, served

ORDER = {"identifiers": [identifier("localhost")]}


async def test_directory_has_caddys_paths(tmp_path: Path) -> None:
    """A client begins with the directory, which is asked for without a signature."""
    client = await served(tmp_path)

    reply = await client.get("directory")

    assert reply.value == {
        "newNonce": f"{BASE}/new-nonce",
        "newAccount": f"{BASE}/new-account",
        "newOrder": f"{BASE}/new-order",
        "revokeCert": f"{BASE}/revoke-cert",
        "keyChange": f"{BASE}/key-change",
    }
    assert (await client.get("new-nonce")).status == 204
    assert (await client.get("new-nonce", "HEAD")).status == 200


async def test_account_is_that_of_a_key(tmp_path: Path) -> None:
    """Who asks again with the same key has the same account; one that is closed stays so."""
    client = await served(tmp_path)
    again = Client(client.server, client.key)
    assert (await again.register()).status == 200
    assert again.account == client.account

    path = client.account.removeprefix(f"{BASE}/")
    changed = await client.post(path, {"contact": ["mailto:new@b.test"]})
    assert changed.value["contact"] == ["mailto:new@b.test"]
    await client.order("localhost")
    orders = await client.post(f"{path}/orders")
    assert len(orders.value["orders"]) == 1
    assert (await client.post(path, {"status": "deactivated"})).value["status"] == "deactivated"

    assert problem(await client.post("new-order", ORDER)) == "unauthorized"
    assert problem(await client.register()) == "unauthorized"


async def test_account_may_only_be_looked_for(tmp_path: Path) -> None:
    """With `onlyReturnExisting` none is made."""
    other = Client((await served(tmp_path)).server, Key.generate())

    reply = await other.post("new-account", {"onlyReturnExisting": True}, account="")

    assert problem(reply) == "accountDoesNotExist"


async def test_nonce_is_good_once(tmp_path: Path) -> None:
    """A request that is sent again is refused, whichever worker hears it."""
    client = await served(tmp_path)
    body = await client.signed("new-order", msgspec.json.encode(ORDER), None)
    other = await served(tmp_path, key=client.key)

    replies = await asyncio.gather(
        *(
            each.call("new-order", body, media_type="application/jose+json")
            for each in [client, other] * 4
        )
    )

    assert sorted(reply.status for reply in replies) == [201, *[400] * 7]
    assert {problem(reply) for reply in replies if reply.status == 400} == {"badNonce"}


async def test_nonces_are_bounded(tmp_path: Path) -> None:
    """Of nonces that nobody uses, only so many are kept."""
    ledger = Ledger(FileStorage(tmp_path), "local")
    first = await ledger.new_nonce()

    for _ in range(500):
        await ledger.new_nonce()

    assert len(list((tmp_path / "acme_server/local/nonces").iterdir())) == 500
    with pytest.raises(Exception, match="not given out"):
        await ledger.use_nonce(first)


def changed(body: bytes, header: dict[str, Any] | None = None, **fields: Any) -> bytes:
    """Return a signed request with something else in it."""
    whole = json.loads(body)
    if header is not None:
        protected = json.loads(decoded(whole["protected"])) | header
        left = {name: value for name, value in protected.items() if value is not None}
        whole["protected"] = encoded(json.dumps(left).encode())
    return json.dumps(whole | fields).encode()


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"header": {"alg": "none"}}, "badSignatureAlgorithm"),
        ({"header": {"alg": "HS256"}}, "badSignatureAlgorithm"),
        ({"header": {"alg": "RS256"}}, "malformed"),
        ({"header": {"nonce": "x" * 32}}, "badNonce"),
        ({"header": {"nonce": "../../etc"}}, "badNonce"),
        ({"header": {"url": f"{BASE}/new-account"}}, "malformed"),
        ({"header": {"url": None}}, "malformed"),
        ({"header": {"kid": None}}, "malformed"),
        ({"header": {"kid": f"{BASE}/account/{'x' * 43}"}}, "accountDoesNotExist"),
        ({"header": {"kid": f"{BASE}/account/../../x"}}, "accountDoesNotExist"),
        ({"header": {"kid": "https://other.test/acme/local/account/x"}}, "accountDoesNotExist"),
        ({"header": {"jwk": {"kty": "EC"}}}, "malformed"),
        ({"header": {"crit": ["b64"], "b64": False}}, "malformed"),
        ({"payload": encoded(b'{"identifiers":[]}')}, "malformed"),
        ({"signature": encoded(b"x" * 64)}, "malformed"),
        ({"signature": ""}, "malformed"),
        ({"signature": "!"}, "malformed"),
        ({"header": {}, "signatures": []}, "malformed"),
        ({"unprotected": {}}, "malformed"),
    ],
)
async def test_what_is_not_signed_is_refused(
    tmp_path: Path, change: dict[str, Any], kind: str
) -> None:
    """One signature, over all of it, by the key of the account, for this server, now."""
    client = await served(tmp_path)
    body = await client.signed("new-order", msgspec.json.encode(ORDER), None)

    reply = await client.send("new-order", changed(body, **change))

    assert problem(reply) == kind
    assert dict(reply.headers)["replay-nonce"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"\xff", b"{" * 5000, b'{"protected":"","payload":"","signature":""}'],
)
async def test_garbage_is_refused(tmp_path: Path, body: bytes) -> None:
    """What is no JWS at all is malformed."""
    client = await served(tmp_path)

    assert problem(await client.send("new-order", body)) == "malformed"


async def test_other_requests_are_refused(tmp_path: Path) -> None:
    """Unknown paths, methods and content types have the statuses of HTTP."""
    client = await served(tmp_path)
    body = await client.signed("new-order", msgspec.json.encode(ORDER), None)

    statuses = [
        (await client.get("new-order")).status,
        (await client.get("directory", "DELETE")).status,
        (await client.send("new-order", body, "application/json")).status,
        (await client.post("nothing", {})).status,
        (await client.post("order/x/y/z", {})).status,
        (await client.post("key-change", {})).status,
        (await client.post("order/" + "x" * 22)).status,
        (await client.post("authz/" + "x" * 22 + ".0")).status,
        (await client.post("authz/x.99999999")).status,
    ]

    assert statuses == [405, 405, 415, 404, 404, 501, 404, 404, 404]


async def test_key_must_be_strong(tmp_path: Path) -> None:
    """An account has no key that is weak, or that keeps the processor busy."""
    client = await served(tmp_path)
    for private in (rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP256R1())):
        other = Client(client.server, Key(private))
        small = isinstance(private, rsa.RSAPrivateKey)
        reply = await other.register()
        assert reply.status == (400 if small else 201)
        assert not small or problem(reply) == "badPublicKey"


async def test_rsa_signs(tmp_path: Path) -> None:
    """A key of RSA is as good as one of a curve."""
    client = await served(tmp_path, key=Key(rsa.generate_private_key(65537, 2048)))

    assert (await client.order("localhost"))["status"] == "pending"


async def test_edwards_curve_signs(tmp_path: Path) -> None:
    """So is a key on Ed25519 (RFC 8037); its account is named by its thumbprint."""
    client = await served(tmp_path)
    private = ed25519.Ed25519PrivateKey.generate()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": encoded(private.public_key().public_bytes_raw())}

    async def post(path: str, payload: object, **who: object) -> Reply:
        client.nonce = ""
        await client.fresh()
        header = {"alg": "EdDSA", "nonce": client.nonce, "url": client.url(path), **who}
        parts = [encoded(msgspec.json.encode(each)) for each in (header, payload)]
        signature = encoded(private.sign(".".join(parts).encode()))
        whole = dict(zip(("protected", "payload", "signature"), (*parts, signature), strict=True))
        return await client.send(path, msgspec.json.encode(whole))

    made = await post("new-account", {}, jwk=jwk)
    ordered = await post("new-order", ORDER, kid=made.location)
    forged = await post("new-order", ORDER, jwk={**jwk, "x": "x" * 43})
    other = await post("new-account", {}, jwk={**jwk, "crv": "X25519"})

    text = msgspec.json.encode(jwk, order="sorted")
    assert made.location.endswith(f"/account/{encoded(hashlib.sha256(text).digest())}")
    assert (made.status, ordered.status) == (201, 201)
    assert (problem(forged), problem(other)) == ("malformed", "badPublicKey")


async def test_what_is_anothers_is_not_found(tmp_path: Path) -> None:
    """An account sees what is its own, and nothing else."""
    client = await served(tmp_path)
    order = await client.order("localhost")
    other = Client(client.server, Key.generate())
    await other.register()

    for path in (f"order/{order['id']}", f"authz/{order['id']}.0", f"certificate/{order['id']}"):
        assert (await other.post(path)).status == 404
    assert (await other.post(f"challenge/{order['id']}.0/http-01", {})).status == 404
    path = client.account.removeprefix(f"{BASE}/")
    assert problem(await other.post(path)) == "unauthorized"
    assert problem(await other.post(f"{path}/orders")) == "unauthorized"


@pytest.mark.parametrize(
    ("type", "value", "kind"),
    [
        ("dns", "", "malformed"),
        ("dns", "a..b", "malformed"),
        ("dns", "../etc", "malformed"),
        ("dns", "a b", "malformed"),
        ("dns", "*.*.a", "malformed"),
        ("dns", "a.*.b", "malformed"),
        ("dns", "*", "malformed"),
        ("dns", "a.test.", "malformed"),
        ("dns", "bücher.test", "malformed"),
        ("dns", "a\u0000.test", "malformed"),
        ("dns", "127.0.0.1", "malformed"),
        ("dns", "x" * 64 + ".test", "malformed"),
        ("dns", ".".join(["x" * 60] * 5), "malformed"),
        ("ip", "127.0.0", "malformed"),
        ("ip", "fe80::1%eth0", "malformed"),
        ("ip", "a.test", "malformed"),
        ("email", "a@b.test", "unsupportedIdentifier"),
    ],
)
async def test_names_are_names(tmp_path: Path, type: str, value: str, kind: str) -> None:
    """What is no name of the DNS and no address is not ordered."""
    client = await served(tmp_path)

    reply = await client.post("new-order", {"identifiers": [{"type": type, "value": value}]})

    assert problem(reply) == kind


async def test_orders_are_bounded(tmp_path: Path) -> None:
    """An order has up to 100 names, and its certificate a lifetime between minutes and a year."""
    client = await served(tmp_path)
    many = [identifier(f"x{index}.test") for index in range(101)]
    soon = {"notBefore": "2026-01-01T00:00:00Z", "notAfter": "2026-01-01T00:01:00Z"}

    assert problem(await client.post("new-order", {"identifiers": many})) == "malformed"
    assert problem(await client.post("new-order", {"identifiers": []})) == "malformed"
    assert problem(await client.post("new-order", {**ORDER, **soon})) == "malformed"
    assert (await client.post("new-order", {"identifiers": many[:100]})).status == 201


RULES = Rules(
    allow=Names((read_domain("a.test"), read_domain("*.b.test")), (read_network("10.0.0.0/8"),)),
    deny=Names((read_domain("x.b.test"),), (read_network("10.1.1.1"),)),
)


@pytest.mark.parametrize(
    ("rules", "allowed", "refused"),
    [
        (
            RULES,
            ["a.test", "A.test", "y.b.test", "10.2.3.4"],
            ["b.test", "x.b.test", "y.y.b.test", "c.a.test", "10.1.1.1", "11.0.0.1", "*.b.test"],
        ),
        (msgspec.structs.replace(RULES, wildcards=True), ["*.b.test"], ["*.a.test", "*.x.b.test"]),
        (Rules(deny=RULES.deny), ["a.test", "11.0.0.1"], ["x.b.test", "10.1.1.1", "*.c.test"]),
        (Rules(allow=Names(domains=RULES.allow.domains)), ["a.test"], ["10.2.3.4"]),
        (Rules(), ["a.test", "*.a.test", "::1"], []),
    ],
)
async def test_rules_are_kept(
    tmp_path: Path, rules: Rules, allowed: list[str], refused: list[str]
) -> None:
    """What is denied is not ordered; what is allowed is; and of all the rest, nothing."""
    client = await served(tmp_path, terms=Terms(3600, rules=rules))

    for name in allowed:
        assert await client.order(name)
    for name in refused:
        reply = await client.post("new-order", {"identifiers": [identifier(name)]})
        assert problem(reply) == "rejectedIdentifier", name
