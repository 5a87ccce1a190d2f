"""What an authority may answer that is wrong: it costs an error that says so, and no more."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from snake.acme.wire import MOST
from snake.tls.issuer import IssueError
from tests.acme.issuing import Asked, Host
from tests.acme.lying_ca import LyingCA, Reply, problem
from tests.server import free_port


async def _issue(server: Host, liar: LyingCA, name: str = "a.example.com") -> None:
    async with server.issuer(ca=liar.directory) as issuer:
        asked = Asked(name)
        asked.certificate(await issuer.issue(asked.request()))


async def _refusal(server: Host, liar: LyingCA) -> IssueError:
    with pytest.raises(IssueError) as caught:
        await _issue(server, liar)
    return caught.value


async def test_the_truth_is_believed(server: Host, liar: LyingCA) -> None:
    """The authority of these tests issues when it does not lie."""
    await _issue(server, liar)


async def test_a_certificate_for_another_name_is_refused(server: Host, liar: LyingCA) -> None:
    """A certificate for another name than the one that was ordered is not used."""
    liar.names = ("b.example.com",)
    error = await _refusal(server, liar)
    assert "is for b.example.com, and a.example.com was ordered" in str(error)


async def test_a_certificate_for_more_names_is_refused(server: Host, liar: LyingCA) -> None:
    """A certificate for one name more is not used: it would be served for that name as well."""
    liar.names = ("a.example.com", "bank.example.com")
    assert "a.example.com, bank.example.com" in str(await _refusal(server, liar))


async def test_a_certificate_for_another_key_is_refused(server: Host, liar: LyingCA) -> None:
    """A certificate for a key that is not ours is not used."""
    liar.key = ec.generate_private_key(ec.SECP256R1()).public_key()
    assert "a key that is not ours" in str(await _refusal(server, liar))


async def test_a_certificate_that_is_over_is_refused(server: Host, liar: LyingCA) -> None:
    """A certificate that is not valid any more is not used; both clocks are in the error."""
    liar.age, liar.lifetime = timedelta(days=2), timedelta(days=-1)
    error = await _refusal(server, liar)
    assert "valid until" in str(error)
    assert "and here it is" in str(error)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Hello</html>",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ],
)
async def test_garbage_is_no_chain(server: Host, liar: LyingCA, body: bytes) -> None:
    """What is no chain of certificates is not used."""
    liar.lies["cert"] = Reply(200, body, {"Content-Type": "application/pem-certificate-chain"})
    assert "certificate" in str(await _refusal(server, liar))


@pytest.mark.parametrize("step", ["directory", "account", "new-order", "order", "authz"])
@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html>\x1b[31m<h1>Captive portal</h1>", "no JSON"),
        (b"[1, 2]", "Expected `object`"),
        (b'{"status": 5, "newNonce": 1, "identifier": []}', "Expected `"),
        (b"[" * 100_000, "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
    ],
    ids=["html", "array", "types", "deep", "bytes"],
)
async def test_nonsense_is_named(
    server: Host, liar: LyingCA, step: str, body: bytes, says: str
) -> None:
    """What is not ACME is shown in the error, with the URL and without control characters."""
    liar.lies[step] = Reply(200, body, {"Content-Type": "text/html", "Location": liar.url})
    text = str(await _refusal(server, liar))
    assert f"{liar.url}/{step}" in text
    assert "\x1b" not in text
    assert "text/html" in text or says in text


async def test_an_answer_of_any_length_is_not_read(server: Host, liar: LyingCA) -> None:
    """An answer of more than a MiB is not read."""
    liar.lies["directory"] = Reply(200, b" " * (MOST + 1))
    assert f"longer than {MOST} bytes" in str(await _refusal(server, liar))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_refused(server: Host, liar: LyingCA, status: int) -> None:
    """A redirect is not followed, wherever it leads."""
    liar.lies["directory"] = Reply(status, b"", {"Location": "http://169.254.169.254/latest"})
    error = await _refusal(server, liar)
    assert "redirects to 'http://169.254.169.254/latest', which is not followed" in str(error)


@pytest.mark.parametrize("url", ["ftp://a/", "file:///etc/passwd", "", "http://a/\x00", "x" * 3000])
async def test_a_url_that_is_none_is_not_asked(server: Host, liar: LyingCA, url: str) -> None:
    """An authority that sends us elsewhere than to HTTP is refused."""
    body = b'{"newNonce": %s, "newAccount": "%s/account", "newOrder": "%s/new-order"}'
    told = json.dumps(url).encode()
    liar.lies["directory"] = Reply(200, body % (told, liar.url.encode(), liar.url.encode()))
    assert "which is none to ask" in str(await _refusal(server, liar))


async def test_a_problem_is_told_with_its_words(server: Host, liar: LyingCA) -> None:
    """What an authority says is in the error, with what it is about."""
    liar.lies["new-order"] = Reply(
        403,
        problem(
            "rejectedIdentifier",
            "policy \x1b[31mforbids",
            subproblems=[
                {
                    "type": "urn:ietf:params:acme:error:dns",
                    "detail": "no such name",
                    "identifier": {"type": "dns", "value": "a.example.com"},
                }
            ],
        ),
    )
    error = await _refusal(server, liar)
    assert "policy ␛[31mforbids; a.example.com: no such name (rejectedIdentifier)" in str(error)
    assert error.lasting


@pytest.mark.parametrize("value", ["120", "Thu, 26 Nov 2065 12:00:00 GMT"])
async def test_a_rate_limit_says_when(server: Host, liar: LyingCA, value: str) -> None:
    """After a rate limit, the error says from when on it may be asked again."""
    liar.lies["new-order"] = Reply(429, problem("rateLimited"), {"Retry-After": value})
    error = await _refusal(server, liar)
    assert error.retry_after is not None
    assert 100 < error.retry_after - time.time() < 8 * 86400
    assert not error.lasting
    assert len(liar.payloads("new-order")) == 1


@pytest.mark.parametrize("value", ["-5", "soon", "9" * 400, "Thu, 99 Nov 2065 12:00:00 GMT", ""])
async def test_nonsense_is_no_time_to_wait(server: Host, liar: LyingCA, value: str) -> None:
    """A `Retry-After` that is none means nothing; one of years is not believed."""
    liar.lies["new-order"] = Reply(429, problem("rateLimited"), {"Retry-After": value})
    error = await _refusal(server, liar)
    assert error.retry_after is None or error.retry_after < time.time() + 8 * 86400


async def test_an_error_of_the_server_is_tried_again(server: Host, liar: LyingCA) -> None:
    """Two errors of the server in a row cost a moment."""
    liar.lies["new-order"] = [Reply(500, b"oops"), Reply(503, b"<html>")]
    await _issue(server, liar)
    assert len(liar.payloads("new-order")) == 3


async def test_a_server_that_stays_broken_is_given_up(server: Host, liar: LyingCA) -> None:
    """A server that has nothing but errors is asked a few times, and its words are shown."""
    liar.lies["new-order"] = Reply(500, b"<h1>oops</h1>", {"Content-Type": "text/html"})
    assert "HTTP status 500, with text/html: '<h1>oops</h1>'" in str(await _refusal(server, liar))
    assert len(liar.payloads("new-order")) == 3


async def test_a_nonce_that_is_always_bad_is_given_up(server: Host, liar: LyingCA) -> None:
    """An authority that takes no nonce at all is not asked for ever."""
    liar.lies["new-order"] = Reply(400, problem("badNonce"))
    assert "badNonce" in str(await _refusal(server, liar))
    assert len(liar.payloads("new-order")) == 21


async def test_an_authority_without_nonces_is_refused(server: Host, liar: LyingCA) -> None:
    """An authority that gives no nonce, or one that cannot be one, gets no request."""
    liar.lies["directory"] = [Reply(200, _directory(liar), {"Replay-Nonce": "not base64!"})]
    liar.lies["nonce"] = Reply(200, b"", {"Replay-Nonce": "\N{LATIN SMALL LETTER E WITH ACUTE}"})
    assert "no nonce" in str(await _refusal(server, liar))


async def test_an_authority_that_is_down_is_named(server: Host) -> None:
    """That nobody listens where the directory should be is said as such."""
    url = f"http://127.0.0.1:{free_port()}/directory"
    async with server.issuer(ca=url) as issuer:
        with pytest.raises(IssueError, match=f"{url}: Connection refused") as caught:
            await issuer.issue(Asked("a.example.com").request())
    assert not caught.value.lasting


async def test_a_challenge_whose_token_is_none_is_refused(server: Host, liar: LyingCA) -> None:
    """A token that could be more than one in a path is not answered (RFC 8555 §8)."""
    liar.lies["authz"] = Reply(
        200,
        b'{"status": "pending", "identifier": {"type": "dns", "value": "a.example.com"}, '
        b'"challenges": [{"type": "http-01", "url": "http://127.0.0.1/", "token": "../../x"}]}',
    )
    assert "its token is none" in str(await _refusal(server, liar))


async def test_a_name_that_was_not_ordered_is_not_proved(server: Host, liar: LyingCA) -> None:
    """An authority that wants another name proved than what was ordered gets no answer for it."""
    liar.lies["authz"] = Reply(
        200,
        b'{"status": "pending", "identifier": {"type": "dns", "value": "b.example.com"}, '
        b'"challenges": [{"type": "http-01", "url": "http://127.0.0.1/", "token": "token"}]}',
    )
    assert "it is for 'b.example.com', which was not ordered" in str(await _refusal(server, liar))


async def test_new_terms_are_pointed_to(server: Host, liar: LyingCA) -> None:
    """When an account has to agree to new terms, the error says where (RFC 8555 §7.3.3)."""
    where = "https://ca.example/terms"
    liar.lies["new-order"] = Reply(403, problem("userActionRequired", "agree", instance=where))
    error = await _refusal(server, liar)
    assert str(error).endswith(f"agree (userActionRequired); see {where}")
    assert error.lasting


async def test_a_connection_that_breaks_is_made_again(server: Host, liar: LyingCA) -> None:
    """A connection that ends without an answer costs another request, with another nonce."""
    liar.lies["new-order"] = [Reply(0), Reply(0)]
    await _issue(server, liar)
    assert len(liar.payloads("new-order")) == 3


async def test_an_order_that_fails_says_why(server: Host, liar: LyingCA) -> None:
    """An order that becomes invalid is an error with the authority's reason."""
    liar.lies["order"] = Reply(
        200, b'{"status": "invalid", "error": {"detail": "CAA says no", "type": "caa"}}'
    )
    assert "CAA says no (caa)" in str(await _refusal(server, liar))


async def test_an_order_that_never_ends_is_given_up(server: Host, liar: LyingCA) -> None:
    """An order that is processed for ever is given up after `acme_timeout`."""
    liar.lies["order"] = Reply(200, b'{"status": "pending"}', {"Retry-After": "0"})
    async with server.issuer(ca=liar.directory, acme_timeout="2s") as issuer:
        with pytest.raises(IssueError, match="nothing has come of it in 2 s"):
            await issuer.issue(Asked("a.example.com").request())
    assert len(liar.payloads("order")) < 12


def _directory(liar: LyingCA) -> bytes:
    steps = {"newNonce": "nonce", "newAccount": "account", "newOrder": "new-order"}
    return json.dumps({name: f"{liar.url}/{step}" for name, step in steps.items()}).encode()
