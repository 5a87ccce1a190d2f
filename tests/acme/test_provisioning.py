"""What a configuration of an issuer may say, and how it is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from snake.acme.account import AccountError
from snake.acme.assembly import PRODUCTION, STAGING
from snake.acme.roots import trusting
from snake.acme.wire import Wire
from snake.acme.zerossl import external_account
from snake.core.errors import ConfigError
from tests.acme.issuing import Asked, Host
from tests.acme.lying_ca import LyingCA, Reply


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({}, "acme-v02.api.letsencrypt.org-directory"),
        ({"ca": "https://acme.zerossl.com/v2/DV90"}, "acme.zerossl.com-v2-DV90"),
        ({"ca": "ca.example:8443/acme/local/directory"}, "ca.example:8443-acme-local-directory"),
        ({"ca": "http://localhost:14000/dir"}, "localhost:14000-dir"),
    ],
)
async def test_the_issuers_folder_is_that_of_its_url(
    server: Host, fields: dict[str, str], key: str
) -> None:
    """The key of an issuer is certmagic's: the host and path of its directory."""
    async with server.issuer(**fields) as issuer:
        assert issuer.key == key


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"ca": "http://ca.example/dir"}, "insecure CA URL"),
        ({"ca": "ftp://ca.example/dir"}, "is no URL of a directory"),
        ({"ca": "https:///dir"}, "is no URL of a directory"),
        ({"ca": "https://[::1/dir"}, "is no URL of a directory"),
        ({"email": "{nobody.knows}"}, "unrecognized placeholder"),
        ({"external_account": {"key_id": "a", "mac_key": "{env.SNAKE_NOT_SET}"}}, "is empty"),
        ({"trusted_roots_pem_files": ["/no/such/file.pem"]}, "No such file"),
        ({"trusted_roots_pem_files": ["/etc/hostname"]}, "no certificate in PEM"),
        ({"network_proxy": {"from": "url", "url": "ftp://x"}}, "begins with http"),
        ({"acme_timeout": "soon"}, "soon"),
        ({"challenges": {"dns": {}}}, "no DNS provider configured"),
    ],
)
async def test_what_cannot_work_is_refused(server: Host, fields: dict[str, Any], says: str) -> None:
    """A configuration that cannot work is refused when it is loaded, with the place."""
    with pytest.raises(ConfigError, match=says):
        async with server.issuer(**fields):
            pytest.fail("it was taken")


async def test_placeholders_are_filled(
    server: Host, liar: LyingCA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Placeholders of the environment stand for the authority and the address."""
    monkeypatch.setenv("SNAKE_CA", liar.directory)
    monkeypatch.setenv("SNAKE_EMAIL", "me@example.com")
    async with server.issuer(ca="{env.SNAKE_CA}", email="{env.SNAKE_EMAIL}") as issuer:
        await issuer.issue(Asked("a.example.com").request())
    assert liar.payloads("account")[0]["contact"] == ["mailto:me@example.com"]


def test_the_test_authority_of_lets_encrypt_is_its_staging() -> None:
    """Only the production server of Let's Encrypt has a test authority by default."""
    assert "staging" in STAGING
    assert "staging" not in PRODUCTION


async def test_a_proxy_of_the_environment_is_used(
    server: Host, liar: LyingCA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy that the environment names is asked, unless `network_proxy none` stands there.

    It is not asked for what is on this machine, as with Go.
    """
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    far = "http://no-such-ca.internal/dir"
    async with server.issuer(ca=far) as issuer:
        with pytest.raises(Exception, match="the proxy"):
            await issuer.issue(Asked("a.example.com").request())
    async with server.issuer(ca=far, network_proxy={"from": "none"}) as issuer:
        with pytest.raises(Exception, match="no-such-ca") as caught:
            await issuer.issue(Asked("a.example.com").request())
        assert "the proxy" not in str(caught.value)
    async with server.issuer(ca=liar.directory) as issuer:
        await issuer.issue(Asked("a.example.com").request())


async def test_zerossl_gives_an_account_for_an_address(liar: LyingCA) -> None:
    """ZeroSSL answers an email address with an external account."""
    body = b'{"success": true, "eab_kid": "kid", "eab_hmac_key": "secret"}'
    liar.lies["nonce"] = Reply(200, body)
    wire = Wire(trusting())
    found = await external_account(wire, "me@example.com", f"{liar.url}/nonce")
    wire.close()
    assert (found.key_id, found.mac_key) == ("kid", "secret")
    assert liar.payloads("nonce") == ["email=me%40example.com"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b'{"success": false, "error": {"code": 2900, "type": "missing_email"}}'),
        Reply(500, b"{}"),
        Reply(200, b'{"success": true}'),
    ],
)
async def test_zerossl_may_refuse_an_address(liar: LyingCA, reply: Reply) -> None:
    """What ZeroSSL says instead is in the error; it may be an error with the status 200."""
    liar.lies["nonce"] = reply
    wire = Wire(trusting())
    with pytest.raises(AccountError, match="no credentials for this email address") as caught:
        await external_account(wire, "me@example.com", f"{liar.url}/nonce")
    wire.close()
    assert not caught.value.lasting


async def test_zerossl_needs_an_address() -> None:
    """Without an email address, ZeroSSL is not even asked."""
    wire = Wire(trusting())
    with pytest.raises(AccountError, match="set the global option email"):
        await external_account(wire, " ", "http://127.0.0.1:9/")
    wire.close()


@pytest.mark.parametrize(
    ("ca", "name", "says"),
    [
        (PRODUCTION, "a.localhost", "does not qualify for a public certificate"),
        (PRODUCTION, "192.168.1.1", "does not qualify for a public certificate"),
        ("https://acme.zerossl.com/v2/DV90", "1.1.1.1", "no certificates for addresses"),
    ],
)
async def test_public_authorities_are_not_asked_in_vain(
    server: Host, ca: str, name: str, says: str
) -> None:
    """For a name that no public authority may issue for, none is asked."""
    async with server.issuer(ca=ca) as issuer:
        with pytest.raises(Exception, match=says) as caught:
            await issuer.issue(Asked(name).request())
    assert caught.value.lasting  # type: ignore[attr-defined]


async def test_relative_names_of_files_are_fine(server: Host, tmp_path: Path) -> None:
    """The name of a file with roots is relative to the working directory."""
    del tmp_path
    with pytest.raises(ConfigError, match=r"roots\.pem: No such file"):
        async with server.issuer(trusted_roots_pem_files=["roots.pem"]):
            pytest.fail("it was taken")
