"""Which policy and which certificate a client gets."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from typing import Any

import pytest
import trustme

from snake.core.errors import ConfigError
from snake.tls.alerts import (
    HANDSHAKE_FAILURE,
    INTERNAL_ERROR,
    NO_APPLICATION_PROTOCOL,
    RefusedHandshakeError,
)
from snake.tls.certificate import Certificate
from snake.tls.contexts import HAS_HYBRID, curve_for
from snake.tls.encryption import Encryption, protocol_for
from snake.tls.hello import Hello
from snake.tls.ring import CERTIFICATE, Found, Ring, Update
from tests.transport.crypt import EC, RSA, encrypting, issue

CA = trustme.CA(key_type=EC)
MODERN: dict[str, Any] = {
    "versions": (0x0304, 0x0303),
    "signature_algorithms": (0x0403, 0x0804, 0x0401),
    "groups": (0x001D, 0x0017),
    "key_shares": (0x001D,),
    "cipher_suites": (0x1301, 0xC02B, 0xC02F),
}
HERE, THERE = "192.0.2.1", "198.51.100.7"


def hello(name: str = "", **fields: Any) -> Hello:
    """Return what a browser would offer."""
    return Hello(name, **{**MODERN, **fields})


def chosen(encryption: Encryption, name: str = "", **fields: Any) -> Certificate:
    """Return the certificate that a client gets at once."""
    choice = encryption.choose(hello(name, **fields), HERE, THERE)
    assert choice is not None
    return choice.certificate


EXACT = issue(CA, "a.example.com")
WILDCARD = issue(CA, "*.example.com")
ADDRESS = issue(CA, HERE)
RSA_EXACT = issue(CA, "a.example.com", key_type=RSA, organization_name="Snakes", tags=("rsa",))


async def test_names() -> None:
    """An exact name comes before a wildcard, which stands for one label."""
    encryption = await encrypting(WILDCARD, EXACT)

    assert chosen(encryption, "a.example.com") == EXACT
    assert chosen(encryption, "b.example.com") == WILDCARD
    for name in ("example.com", "a.b.example.com", "other.com"):
        with pytest.raises(RefusedHandshakeError) as caught:
            chosen(encryption, name)
        assert caught.value.alert == INTERNAL_ERROR


async def test_no_name() -> None:
    """Without a name it is the address that counts, then `default_sni`, then `fallback_sni`."""
    defaults = ({"default_sni": "A.example.com", "fallback_sni": "b.example.com"},)

    assert chosen(await encrypting(ADDRESS, EXACT, policies=defaults)) == ADDRESS
    assert chosen(await encrypting(WILDCARD, EXACT, policies=defaults)) == EXACT
    fallback = await encrypting(issue(CA, "b.example.com"), policies=defaults)
    assert chosen(fallback).names == ("b.example.com",)
    with pytest.raises(RefusedHandshakeError):
        chosen(await encrypting(EXACT))


async def test_fallback() -> None:
    """A name that there is no certificate for has that of `fallback_sni`; never the default."""
    encryption = await encrypting(EXACT, policies=({"fallback_sni": "a.example.com"},))
    assert chosen(encryption, "other.com") == EXACT

    encryption = await encrypting(EXACT, policies=({"default_sni": "a.example.com"},))
    with pytest.raises(RefusedHandshakeError):
        chosen(encryption, "other.com")


async def test_what_the_client_can_take() -> None:
    """Of several, the first counts that the client can verify."""
    encryption = await encrypting(EXACT, RSA_EXACT)

    assert chosen(encryption, "a.example.com") == EXACT
    assert chosen(encryption, "a.example.com", signature_algorithms=(0x0804,)) == RSA_EXACT
    old = {"versions": (0x0303,)}
    assert chosen(encryption, "a.example.com", **old) == EXACT
    assert chosen(encryption, "a.example.com", **old, cipher_suites=(0xC02F,)) == RSA_EXACT
    assert chosen(encryption, "a.example.com", signature_algorithms=(0x0999,)) == EXACT


async def test_expired() -> None:
    """One that is valid comes before one that has expired; that is better than none."""
    expired = issue(CA, "a.example.com", not_after=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))

    assert chosen(await encrypting(expired, EXACT), "a.example.com") == EXACT
    assert chosen(await encrypting(expired), "a.example.com") == expired


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"any_tag": ["x", "rsa"]}, RSA_EXACT),
        ({"all_tags": ["rsa"]}, RSA_EXACT),
        ({"serial_number": [RSA_EXACT.serial]}, RSA_EXACT),
        ({"subject_organization": ["Snakes"]}, RSA_EXACT),
        ({"public_key_algorithm": "RSA"}, RSA_EXACT),
        ({"public_key_algorithm": "ecdsa"}, EXACT),
    ],
    ids=["any_tag", "all_tags", "serial", "organization", "rsa", "ecdsa"],
)
async def test_selection(selection: dict[str, Any], expected: Certificate) -> None:
    """A policy can say which of several certificates is meant."""
    policies = ({"certificate_selection": selection},)
    encryption = await encrypting(EXACT, RSA_EXACT, policies=policies)

    assert chosen(encryption, "a.example.com") == expected


async def test_selection_among_all() -> None:
    """A selection sees all certificates where the name has none: a tag is enough, as in Caddy."""
    policies = ({"certificate_selection": {"any_tag": ["rsa"]}},)
    encryption = await encrypting(EXACT, RSA_EXACT, policies=policies)

    assert chosen(encryption, "other.com") == RSA_EXACT


@pytest.mark.parametrize(
    ("match", "name", "expected"),
    [
        ({"sni": ["A.example.com"]}, "a.example.com", True),
        ({"sni": ["*.example.com"]}, "a.example.com", True),
        ({"sni": ["*.example.com"]}, "example.com", False),
        ({"sni": ["bücher.example"]}, "xn--bcher-kva.example", True),
        ({"sni_regexp": {"pattern": "^a[.]"}}, "a.example.com", True),
        ({"sni_regexp": {"pattern": "^a[.]"}}, "ba.example.com", False),
        ({"remote_ip": {"ranges": ["198.51.100.0/24"]}}, "", True),
        ({"remote_ip": {"not_ranges": ["198.51.100.7"]}}, "", False),
        ({"remote_ip": {"ranges": ["198.51.100.7"], "not_ranges": ["198.51.100.7"]}}, "", False),
        ({"local_ip": {"ranges": ["192.0.2.1"]}}, "", True),
        ({"local_ip": {"ranges": ["192.0.2.2"]}}, "", False),
        ({"local_ip": {"ranges": ["192.0.2.1"]}, "sni": ["b.com"]}, "a.com", False),
    ],
    ids=str,
)
async def test_matchers(match: dict[str, Any], name: str, *, expected: bool) -> None:
    """A policy is for the connections that all of its matchers let through."""
    encryption = await encrypting(
        EXACT, policies=({"match": match, "fallback_sni": "a.example.com"},)
    )

    try:
        found = chosen(encryption, name) == EXACT
    except RefusedHandshakeError as error:
        found = "no policy" not in str(error)
    assert found is expected


async def test_first_policy_counts() -> None:
    """Policies are asked in order; one may turn its connections away."""
    policies: tuple[dict[str, Any], ...] = (
        {"match": {"sni": ["b.example.com"]}, "drop": True},
        {"match": {"sni": ["*.example.com"]}, "alpn": ["x"]},
        {},
    )
    encryption = await encrypting(WILDCARD, policies=policies)

    first = encryption.choose(hello("a.example.com"), HERE, THERE)
    assert first is not None
    assert first.policy.terms.alpn == ("x",)
    with pytest.raises(RefusedHandshakeError) as caught:
        encryption.choose(hello("b.example.com"), HERE, THERE)
    assert caught.value.alert == INTERNAL_ERROR


async def test_what_may_come() -> None:
    """A name that may come is waited for; one that cannot have a certificate is not asked for."""
    asked = []
    ring = Ring(lambda kind, name, visitor: asked.append((kind, name, visitor.client)))
    encryption = await encrypting(ring=ring)
    ring.update(Update(asks=("*",)))

    assert encryption.choose(hello("later.com"), HERE, THERE) is None
    with pytest.raises(RefusedHandshakeError):
        encryption.choose(hello("no name"), HERE, THERE)

    waiting = asyncio.create_task(encryption.seek(hello("later.com"), HERE, THERE))
    await asyncio.sleep(0)
    ring.answer(CERTIFICATE, "later.com", Found(EXACT))
    assert (await waiting).certificate == EXACT
    assert asked == [(CERTIFICATE, "later.com", THERE)]


def test_protocols() -> None:
    """The first of the server's protocols that the client has counts."""
    ours = ("h2", "http/1.1")
    assert protocol_for(ours, hello(alpn=("http/1.1", "h2"))) == "h2"
    assert protocol_for(ours, hello(alpn=("http/1.1",))) == "http/1.1"
    assert protocol_for(ours, hello()) == ""
    assert protocol_for(("h2",), hello(alpn=("http/1.1",))) == ""
    with pytest.raises(RefusedHandshakeError) as caught:
        protocol_for(ours, hello(alpn=("spdy",)))
    assert caught.value.alert == NO_APPLICATION_PROTOCOL


async def test_curves() -> None:
    """Of a policy's curves the one counts that the client has sent a key for, or else can."""
    encryption = await encrypting(EXACT, policies=({"curves": ["secp384r1", "x25519"]},))

    def curve(**fields: Any) -> str:
        return curve_for(encryption.policies[0].terms.curves, hello(**fields))

    assert curve() == "x25519"
    assert curve(key_shares=(0x0017,), groups=(0x0017, 0x0018)) == "secp384r1"
    with pytest.raises(RefusedHandshakeError) as caught:
        curve(key_shares=(0x0017,), groups=(0x0017,))
    assert caught.value.alert == HANDSHAKE_FAILURE


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"cipher_suites": ["TLS_NONE"]}, "unsupported cipher suite: TLS_NONE"),
        ({"curves": ["x25518"]}, 'unsupported curve: x25518; did you mean "x25519"?'),
        ({"protocol_min": "tls1.1"}, "unsupported protocol: tls1.1"),
        ({"protocol_min": "tls1.3", "protocol_max": "tls1.2"}, "protocol min (tls1.3)"),
        ({"match": {"remote_ip": {"ranges": ["1.2.3"]}}}, "no IP address and no network"),
        ({"match": {"sni_regexp": {"pattern": "("}}}, "matcher regexp ("),
        ({"match": {"sni_regexp": {"name": "a b", "pattern": "x"}}}, "invalid regexp name"),
        ({"match": {"sn": []}}, "unknown module: tls.handshake_match.sn"),
        ({"insecure_secrets_log": "/none/log"}, "cannot write /none/log"),
        ({"curves": ["x25519"], "client_authentication": {"mode": "require"}}, "either"),
        (
            {"cipher_suites": ["TLS_AES_128_GCM_SHA256"], "protocol_max": "tls1.2"},
            "none of these suites is of TLS 1.2",
        ),
    ],
    ids=str,
)
async def test_wrong_policies(policy: dict[str, Any], message: str) -> None:
    """A policy that cannot work is refused with what is wrong in it, when it is loaded."""
    with pytest.raises(ConfigError) as caught:
        await encrypting(EXACT, policies=(policy,))
    assert message in str(caught.value)


@pytest.mark.skipif(HAS_HYBRID, reason="this OpenSSL has the curve")
async def test_hybrid_curve() -> None:
    """A curve that OpenSSL does not have is passed over, and refused where it stands alone."""
    encryption = await encrypting(EXACT, policies=({"curves": ["x25519mlkem768", "x25519"]},))
    assert encryption.policies[0].terms.curves == ("x25519",)
    with pytest.raises(ConfigError) as caught:
        await encrypting(EXACT, policies=({"curves": ["x25519mlkem768"]},))
    assert ssl.OPENSSL_VERSION in str(caught.value)


def test_key_is_not_shown() -> None:
    """What is shown of a certificate has none of its key."""
    shown = repr(EXACT)
    assert "a.example.com" in shown
    assert "KEY" not in shown
    assert EXACT.key.splitlines()[1] not in repr(Found(EXACT))


async def test_many_policies() -> None:
    """Among many policies it is still the first that matches, and found at once."""
    names = [f"{number}.example.com" for number in range(1500)]
    policies: list[dict[str, Any]] = [
        {"match": {"sni": [name]}, "alpn": [str(number)]} for number, name in enumerate(names)
    ]
    policies.insert(1000, {"match": {"sni": ["*.example.com"]}, "alpn": ["many"]})
    policies.append({"match": {"sni": [names[7]]}, "alpn": ["late"]})
    encryption = await encrypting(WILDCARD, policies=tuple(policies))

    def alpn(name: str) -> str:
        choice = encryption.choose(hello(name), HERE, THERE)
        assert choice is not None
        return choice.policy.terms.alpn[0]

    assert alpn(names[7]) == "7"
    assert alpn(names[999]) == "999"
    assert alpn(names[1000]) == "many"
    assert alpn("other.example.com") == "many"
    assert encryption._others == [1000]  # noqa: SLF001
