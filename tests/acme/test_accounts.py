"""Accounts: one for each authority and email address, where certmagic keeps it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from pathlib import Path

import pytest

from snake.acme.key import Key
from snake.storage import keys
from snake.tls.issuer import IssueError
from tests.acme.issuing import Asked, Host
from tests.acme.lying_ca import LyingCA, Reply, problem


async def _account(server: Host, liar: LyingCA, **fields: object) -> str:
    """Issue a certificate, and return the URL of the account that ordered it."""
    async with server.issuer(ca=liar.directory, **fields) as issuer:
        issued = await issuer.issue(Asked("a.example.com").request())
    location: str = issued.metadata["account"]
    return location


def _folder(server: Host, liar: LyingCA) -> Path:
    return server.folder / keys.accounts(keys.issuer_of(liar.directory))


async def test_an_account_is_where_certmagic_keeps_it(server: Host, liar: LyingCA) -> None:
    """It is in `users/<email>/<user>.json`, with its key beside it, for nobody else to read."""
    location = await _account(server, liar, email=" Me+you@Example.com ")
    folder = _folder(server, liar) / "me_plus_you@example.com"
    text = (folder / "me_plus_you.json").read_text()
    assert json.loads(text) == {
        "status": "valid",
        "contact": ["mailto:me+you@example.com"],
        "termsOfServiceAgreed": True,
        "location": location,
    }
    assert text.startswith('{\n\t"status"')
    key = folder / "me_plus_you.key"
    assert key.read_text().startswith("-----BEGIN EC PRIVATE KEY-----")
    assert key.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0


async def test_an_account_is_found_again(server: Host, liar: LyingCA) -> None:
    """The next issuer uses the account that is stored, and registers none."""
    first = await _account(server, liar, email="me@example.com")
    assert await _account(server, liar, email="me@example.com") == first
    assert len(liar.payloads("account")) == 1


async def test_without_an_email_there_is_a_default_account(server: Host, liar: LyingCA) -> None:
    """Without an email address the account is `default`, and has no contact."""
    await _account(server, liar)
    files = sorted(path.name for path in (_folder(server, liar) / "default").iterdir())
    assert files == ["default.json", "default.key"]
    assert "contact" not in liar.payloads("account")[0]


async def test_without_an_email_the_last_account_is_used(server: Host, liar: LyingCA) -> None:
    """Without an email address, the account that was changed last is used, as certmagic does."""
    first = await _account(server, liar, email="me@example.com")
    second = await _account(server, liar, email="you@example.com")
    assert first != second
    for name, when in (("me@example.com", 2_000_000_000), ("you@example.com", 1_000_000_000)):
        os.utime(_folder(server, liar) / name, (when, when))
    assert await _account(server, liar) == first


async def test_an_account_is_made_once(server: Host, liar: LyingCA) -> None:
    """However many want one at the same time, one account is registered."""
    async with server.issuer(ca=liar.directory, email="me@example.com") as issuer:
        requests = [Asked(f"{number}.example.com").request() for number in range(12)]
        issued = await asyncio.gather(*map(issuer.issue, requests))
    assert len({each.metadata["account"] for each in issued}) == 1
    assert len(liar.payloads("account")) == 1


async def test_an_account_without_its_key_is_made_anew(server: Host, liar: LyingCA) -> None:
    """An account of which only one file is there is no account."""
    first = await _account(server, liar, email="me@example.com")
    (_folder(server, liar) / "me@example.com/me.key").unlink()
    assert await _account(server, liar, email="me@example.com") != first


async def test_an_account_without_a_status_keeps_its_key(server: Host, liar: LyingCA) -> None:
    """A key that was stored before its account was registered is used for it (certmagic: so)."""
    first = await _account(server, liar, email="me@example.com")
    file = _folder(server, liar) / "me@example.com/me.json"
    file.write_text('{"contact": ["mailto:me@example.com"]}')
    assert await _account(server, liar, email="me@example.com") == first
    assert json.loads(file.read_text())["location"] == first


@pytest.mark.parametrize("ending", ["json", "key"])
async def test_an_account_that_cannot_be_read_is_named(
    server: Host, liar: LyingCA, ending: str
) -> None:
    """A stored account that is garbage is not overwritten: the error says where it is."""
    await _account(server, liar, email="me@example.com")
    file = _folder(server, liar) / f"me@example.com/me.{ending}"
    file.write_text("garbage")
    with pytest.raises(IssueError, match=r"the stored account .*me\.json cannot be read"):
        await _account(server, liar, email="me@example.com")
    assert file.read_text() == "garbage"


async def test_the_key_of_an_account_can_be_given(server: Host, liar: LyingCA) -> None:
    """With `account_key`, the account with that key is looked up, and stored."""
    key = Key.generate()
    liar.accounts[_jwk(key)] = f"{liar.url}/account/77"
    fields = {"account_key": key.pem, "email": "me@example.com"}
    assert await _account(server, liar, **fields) == f"{liar.url}/account/77"
    assert liar.payloads("account") == [
        {"onlyReturnExisting": True},
        {"contact": ["mailto:me@example.com"]},  # it did not have this address
    ]
    assert await _account(server, liar, **fields) == f"{liar.url}/account/77"
    assert await _account(server, liar, account_key=key.pem) == f"{liar.url}/account/77"
    assert len(liar.payloads("account")) == 2


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (Key.generate().pem, "no account has the key in account_key"),
        ("garbage", "account_key: this is no private key in PEM"),
    ],
)
async def test_a_key_that_has_no_account_is_refused(
    server: Host, liar: LyingCA, key: str, says: str
) -> None:
    """With an `account_key` that no account has, none is made; the key is not in the error."""
    with pytest.raises(IssueError, match=says) as caught:
        await _account(server, liar, account_key=key)
    assert caught.value.lasting
    assert "PRIVATE KEY" not in str(caught.value)
    assert not list(server.folder.rglob("*.key"))


async def test_a_refused_account_is_told(server: Host, liar: LyingCA) -> None:
    """That an authority takes no account for an address is in the error, with its words."""
    liar.lies["account"] = Reply(400, problem("invalidContact", "no such domain"))
    with pytest.raises(IssueError, match="no such domain") as caught:
        await _account(server, liar, email="me@nowhere.invalid")
    assert caught.value.lasting


async def test_a_refused_account_is_not_asked_for_again(server: Host, liar: LyingCA) -> None:
    """When the authority says when it takes accounts again, many names ask once, not each."""
    limited = Reply(429, problem("rateLimited"), {"Retry-After": "3600"})
    liar.lies["account"] = limited
    async with server.issuer(ca=liar.directory, email="me@example.com") as issuer:
        requests = [Asked(f"{number}.example.com").request() for number in range(12)]
        results = await asyncio.gather(*map(issuer.issue, requests), return_exceptions=True)
    assert all(isinstance(each, IssueError) and each.retry_after for each in results)
    assert len(liar.payloads("account")) == 1


async def test_an_account_that_may_not_order_is_kept(server: Host, liar: LyingCA) -> None:
    """An account that the authority still knows is not made anew when it refuses an order."""
    first = await _account(server, liar, email="me@example.com")
    liar.lies["new-order"] = Reply(403, problem("unauthorized", "you may not"))
    with pytest.raises(IssueError, match="you may not"):
        await _account(server, liar, email="me@example.com")
    liar.lies.clear()
    assert await _account(server, liar, email="me@example.com") == first


async def test_an_account_that_is_unknown_is_made_anew(server: Host, liar: LyingCA) -> None:
    """When the authority has lost all its accounts, another one is made, with another key."""
    first = await _account(server, liar, email="me@example.com")
    key = (_folder(server, liar) / "me@example.com/me.key").read_text()
    liar.accounts.clear()
    liar.lies["new-order"] = [Reply(400, problem("accountDoesNotExist"))]
    assert await _account(server, liar, email="me@example.com") != first
    assert (_folder(server, liar) / "me@example.com/me.key").read_text() != key


def _jwk(key: Key) -> str:
    signed = json.loads(key.sign(b"", "AAAA", "https://a.example/"))
    protected = signed["protected"]
    header = json.loads(base64.urlsafe_b64decode(protected + "=" * (-len(protected) % 4)))
    return json.dumps(header["jwk"], sort_keys=True)
