"""Orders: what is asked of an authority, and in what order."""

from __future__ import annotations

import base64
import time
from datetime import datetime

import pytest
from cryptography import x509

from snake.acme.ari import certificate_id
from snake.tls.certificate import Certificate
from snake.tls.issuer import IssueError
from tests.acme.issuing import Asked, Host
from tests.acme.lying_ca import LyingCA, Reply, lying_ca, problem


async def _issue(
    server: Host,
    liar: LyingCA,
    *,
    attempt: int = 0,
    renews: Certificate | None = None,
    **fields: object,
) -> Certificate:
    async with server.issuer(ca=liar.directory, **fields) as issuer:
        asked = Asked("a.example.com")
        issued = await issuer.issue(asked.request(attempt=attempt, renews=renews))
        return asked.certificate(issued, issuer.key)


async def test_names_and_addresses_are_ordered_as_such(server: Host, liar: LyingCA) -> None:
    """An order has names and addresses, each with its type (RFC 8738)."""
    async with server.issuer(ca=liar.directory) as issuer:
        asked = Asked("a.example.com", "2001:db8::1")
        asked.certificate(await issuer.issue(asked.request()))
    assert liar.payloads("new-order") == [
        {
            "identifiers": [
                {"type": "dns", "value": "a.example.com"},
                {"type": "ip", "value": "2001:db8::1"},
            ]
        }
    ]


async def test_a_lifetime_is_asked_for(server: Host, liar: LyingCA) -> None:
    """With `certificate_lifetime`, the order says until when (RFC 8555 §7.4)."""
    await _issue(server, liar, certificate_lifetime="144h")
    text = liar.payloads("new-order")[0]["notAfter"]
    assert text.endswith("Z")
    left = datetime.fromisoformat(text).timestamp() - time.time()
    assert abs(left - 144 * 3600) < 60


async def test_a_profile_is_asked_for(server: Host, liar: LyingCA) -> None:
    """With `profile`, the order says which."""
    liar.meta = {"profiles": {"classic": "", "shortlived": "six days"}}
    await _issue(server, liar, profile="shortlived")
    assert liar.payloads("new-order")[0]["profile"] == "shortlived"


async def test_a_profile_that_is_not_offered_is_named(server: Host, liar: LyingCA) -> None:
    """For a profile that the authority does not have, the error has those that it has."""
    liar.meta = {"profiles": {"classic": "", "shortlived": "six days"}}
    says = "no profile 'shortlive'; did you mean \"shortlived\"\\? .it has classic, shortlived"
    with pytest.raises(IssueError, match=says) as caught:
        await _issue(server, liar, profile="shortlive")
    assert caught.value.lasting
    assert not liar.payloads("new-order")


async def test_a_renewal_says_what_it_replaces(server: Host, liar: LyingCA) -> None:
    """A renewal tells the authority which certificate it replaces (RFC 9773 §5)."""
    first = await _issue(server, liar)
    await _issue(server, liar, renews=first)
    assert liar.payloads("new-order")[1]["replaces"] == certificate_id(first.chain)


async def test_a_certificate_of_another_authority_is_not_replaced(
    server: Host, liar: LyingCA
) -> None:
    """A certificate that another authority issued is no business of this one."""
    first = await _issue(server, liar)
    async with server.issuer(ca=liar.directory) as issuer:
        asked = Asked("a.example.com")
        other = Certificate.read(first.chain, first.key, issuer_key="another")
        await issuer.issue(asked.request(renews=other))
    assert "replaces" not in liar.payloads("new-order")[1]


@pytest.mark.parametrize("kind", ["alreadyReplaced", "malformed", "unauthorized"])
async def test_a_replacement_that_is_refused_is_ordered_without(
    server: Host, liar: LyingCA, kind: str
) -> None:
    """When the authority objects to what is replaced, the certificate is ordered without it."""
    first = await _issue(server, liar)
    liar.lies["new-order"] = [Reply(409, problem(kind))]
    await _issue(server, liar, renews=first)
    assert ["replaces" in each for each in liar.payloads("new-order")] == [False, True, False]


async def test_what_is_replaced_is_left_out_once(server: Host, liar: LyingCA) -> None:
    """The third attempt does not say what is replaced, in case that is the reason."""
    first = await _issue(server, liar)
    for attempt in (1, 2, 3):
        await _issue(server, liar, renews=first, attempt=attempt)
    assert ["replaces" in each for each in liar.payloads("new-order")[1:]] == [True, False, True]


async def test_an_id_is_that_of_the_rfc() -> None:
    """The ID of a certificate is that of the example in RFC 9773 §4.1."""
    pem = """-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
"""
    assert certificate_id(pem) == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"


async def test_authorizations_that_are_valid_are_not_proved_again(
    server: Host, liar: LyingCA
) -> None:
    """A name that the authority believes us already needs no challenge."""
    liar.authz_status = "valid"
    await _issue(server, liar)
    assert not liar.payloads("challenge")


async def test_what_was_not_proved_is_given_back(server: Host, liar: LyingCA) -> None:
    """After a failure, authorizations that are pending are deactivated (RFC 8555 §7.5.2)."""
    liar.offered = ("dns-01",)
    with pytest.raises(IssueError):
        await _issue(server, liar)
    assert {"status": "deactivated"} in liar.payloads("authz")


@pytest.mark.parametrize(("kind", "orders"), [("connection", 2), ("caa", 1)])
async def test_another_challenge_needs_another_order(
    server: Host, liar: LyingCA, kind: str, orders: int
) -> None:
    """After a challenge has failed, the next type is tried with a new order, if it may help."""
    liar.offered = ("http-01", "tls-alpn-01")
    liar.fails = {"type": f"urn:ietf:params:acme:error:{kind}", "detail": "no"}
    with pytest.raises(IssueError, match=f"no .{kind}."):
        await _issue(server, liar)
    assert len(liar.payloads("new-order")) == orders


async def test_a_smaller_chain_can_be_preferred(server: Host, liar: LyingCA) -> None:
    """With `preferred_chains smallest`, the other chains are looked at too."""
    await _issue(server, liar)
    assert not liar.payloads("other-cert")
    await _issue(server, liar, preferred_chains={"smallest": True})
    assert len(liar.payloads("other-cert")) == 1


async def test_failures_are_tried_with_a_test_authority(server: Host, liar: LyingCA) -> None:
    """From the second attempt on, an authority for tests is asked first, then the real one."""
    with lying_ca() as test:
        await _issue(server, liar, test_ca=test.directory)
        assert not test.payloads("new-order")
        await _issue(server, liar, test_ca=test.directory, attempt=1)
        assert len(test.payloads("new-order")) == 1
        assert len(liar.payloads("new-order")) == 2
        test.lies["new-order"] = Reply(400, problem("dns"))
        with pytest.raises(IssueError, match=test.url):
            await _issue(server, liar, test_ca=test.directory, attempt=2)
        assert len(liar.payloads("new-order")) == 2


@pytest.mark.parametrize(("kind", "lasting"), [("dns", True), ("rateLimited", False)])
async def test_what_only_the_real_authority_refuses_is_lasting(
    server: Host, liar: LyingCA, kind: str, *, lasting: bool
) -> None:
    """What the authority for tests accepts and the real one does not is not asked again soon."""
    with lying_ca() as test:
        liar.lies["new-order"] = Reply(400, problem(kind))
        with pytest.raises(IssueError) as caught:
            await _issue(server, liar, test_ca=test.directory, attempt=1)
    assert caught.value.lasting is lasting


async def test_the_time_to_renew_is_asked(server: Host, liar: LyingCA) -> None:
    """When a certificate should be renewed is asked for, and kept beside it as certmagic does."""
    async with server.issuer(ca=liar.directory) as issuer:
        asked = Asked("a.example.com")
        issued = await issuer.issue(asked.request())
        window = await issuer.renewal_window(asked.certificate(issued))
    assert window is not None
    assert abs(window.start - time.time() + 3600) < 60
    assert abs(window.end - time.time() - 3600) < 60
    assert abs(window.check_again - time.time() - 21600) < 60
    assert window.explanation == "https://x.example/"
    kept = issued.metadata["renewal_info"]
    assert kept["_uniqueIdentifier"] == certificate_id(issued.chain)
    assert set(kept["suggestedWindow"]) == {"start", "end"}


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(200, b'{"suggestedWindow": {"start": "soon", "end": "later"}}'), "is no time"),
        (Reply(200, b"<html>"), "no JSON"),
        (Reply(404, problem("malformed", "no such certificate")), "no such certificate"),
        (
            Reply(
                200,
                b'{"suggestedWindow": {"start": "2026-01-02T00:00:00Z",'
                b' "end": "2026-01-01T00:00:00Z"}}',
            ),
            "ends before it begins",
        ),
    ],
)
async def test_a_window_that_is_none_is_an_error(
    server: Host, liar: LyingCA, reply: Reply, says: str
) -> None:
    """An answer about renewal that makes no sense is an error, and no reason not to issue."""
    liar.lies["ari"] = reply
    async with server.issuer(ca=liar.directory) as issuer:
        asked = Asked("a.example.com")
        issued = await issuer.issue(asked.request())
        with pytest.raises(IssueError, match=says):
            await issuer.renewal_window(asked.certificate(issued))
    assert "renewal_info" not in issued.metadata


async def test_the_key_asks_for_what_it_signs(server: Host, liar: LyingCA) -> None:
    """The signing request is sent as it was given."""
    async with server.issuer(ca=liar.directory) as issuer:
        asked = Asked("a.example.com")
        await issuer.issue(asked.request())
    sent = liar.payloads("finalize")[0]["csr"]
    der = base64.urlsafe_b64decode(sent + "=" * (-len(sent) % 4))
    assert der == asked.csr
    assert x509.load_der_x509_csr(der).is_signature_valid
