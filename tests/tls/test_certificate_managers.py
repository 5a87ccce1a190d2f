"""Managers: certificates that others have, by HTTP and from Tailscale."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme

from snake.core.errors import ConfigError
from snake.tls.certificate import Certificate
from snake.tls.certificate_manager import Manager, ManagerError, first_of
from snake.tls.certificate_url import CertificateURL
from snake.tls.get_certificate import HTTP, Tailscale
from snake.tls.hello import Hello
from snake.tls.tailscale import Tailscaled
from tests.dns.provisioned import context
from tests.fetch.hostile import drip, flood, hostile, silence, status

HELLO = Hello(
    server_name="a.test",
    cipher_suites=(0x1301, 0xC02F),
    signature_algorithms=(0x0403, 0x0804),
)
NODE = Hello(server_name="node.tail1.ts.net")


class Bundle:
    """A certificate with its key, in PEM."""

    def __init__(self, *names: str) -> None:
        issued = trustme.CA().issue_cert(*names)
        self.chain = b"".join(each.bytes() for each in issued.cert_chain_pems)
        self.key = issued.private_key_pem.bytes()

    @property
    def text(self) -> bytes:
        """All of it."""
        return self.chain + self.key


BUNDLE = Bundle("a.test")
OTHER = Bundle("b.test")


async def test_url_is_told_of_the_hello() -> None:
    """The URL's own query is kept; to it comes what a certificate may be chosen by."""
    async with hostile(status(200, BUNDLE.text)) as server:
        manager = CertificateURL(f"{server.url}/certs?x=1")
        found = await manager.get(HELLO, "127.0.0.9", "192.0.2.1")

    assert found is not None
    assert found.names == ("a.test",)
    url = urlsplit(server.targets[0])
    assert url.path == "/certs"
    assert parse_qs(url.query) == {
        "x": ["1"],
        "server_name": ["a.test"],
        "signature_schemes": ["403,804"],
        "cipher_suites": ["1301,c02f"],
        "local_ip": ["127.0.0.9"],
    }


async def test_no_content_is_no_certificate() -> None:
    """204 says that it is none of theirs. No address is told where none is known."""
    async with hostile(status(204)) as server:
        assert await CertificateURL(server.url).get(HELLO, "", "") is None

    assert "local_ip" not in server.targets[0]


async def test_redirects_are_followed_a_few_times() -> None:
    """As with Caddy, the URL may lead to another one; but not for ever."""
    async with hostile(status(200, BUNDLE.text)) as end:
        moved = status(307, fields=f"Location: {end.url}/there\r\n")
        async with hostile(moved) as start:
            assert await CertificateURL(start.url).get(HELLO, "", "") is not None
    assert end.targets == ["/there"]
    async with hostile(status(302, fields="Location: /again\r\n")) as circle:
        with pytest.raises(ManagerError, match="more than 3 redirects"):
            await CertificateURL(circle.url).get(HELLO, "", "")
    assert len(circle.heads) == 4


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (status(200), "no CERTIFICATE pem block"),
        (status(200, BUNDLE.chain), "no PRIVATE KEY pem block"),
        (status(200, BUNDLE.key), "no CERTIFICATE pem block"),
        (status(200, BUNDLE.chain + OTHER.key), "the private key is not that of the certificate"),
        (status(200, b"\xff\xfe"), "the bundle is no text"),
        (
            status(200, BUNDLE.text + b"-----BEGIN X-----\nAA==\n-----END X-----\n"),
            "unrecognized PEM block type: X",
        ),
        (status(200, BUNDLE.text.replace(b"M", b"N")), "the bundle is none"),
        (status(404), "got HTTP 404"),
        (status(500, BUNDLE.text), "got HTTP 500"),
        (status(301), "got HTTP 301"),
        (status(302, fields="Location: ftp://a/\r\n"), "must begin with http"),
        (b"junk\r\n\r\n", "does not speak HTTP"),
        (flood, "longer than"),
        (silence, "did not answer within"),
        (drip, "did not answer within"),
    ],
)
async def test_wrong_answers_are_no_certificate(
    answer: object, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is no bundle is an error, which has nothing of the key."""
    if answer in (silence, drip):
        monkeypatch.setattr("snake.tls.certificate_url._TIMEOUT", 0.3)
    async with hostile(answer) as server:  # type: ignore[arg-type]
        with pytest.raises(ManagerError, match=message) as caught:
            await CertificateURL(server.url).get(HELLO, "", "")

    assert "PRIVATE KEY-----" not in str(caught.value)


class Daemon:
    """Plays Tailscale's local API."""

    def __init__(self) -> None:
        self.domains: list[str] | None = ["node.tail1.ts.net", "*.tail2.ts.net"]
        self.status = 200
        self.pair = status(200, BUNDLE.key + BUNDLE.chain)

    async def answer(self, head: str, writer: asyncio.StreamWriter) -> None:
        """Answer a request."""
        assert "\r\nHost: local-tailscaled.sock\r\n" in head
        target = head.split(" ")[1]
        if target == "/localapi/v0/status?peers=false":
            body = {"Version": "1.88", "CertDomains": self.domains, "Self": {"ID": "n1"}}
            writer.write(status(self.status, json.dumps(body).encode()))
        elif target == "/localapi/v0/cert/node.tail1.ts.net?type=pair":
            writer.write(self.pair)
        else:
            writer.write(status(404))


async def test_tailscale_has_the_names_of_the_machine(tmp_path: Path) -> None:
    """The daemon is asked for a certificate of the names that it says it has, and no others."""
    daemon = Daemon()
    path = str(tmp_path / "s")
    async with hostile(daemon.answer, path=path) as server:
        manager = Tailscaled(path)
        found = await manager.get(NODE, "", "")
        for name in ("other.tail1.ts.net", "a.test", "", "a/../b.ts.net", "x%.ts.net"):
            assert await manager.get(Hello(server_name=name), "", "") is None

    assert found is not None
    assert found.key == BUNDLE.key.decode()
    assert len(server.heads) == 3


async def test_tailscale_without_a_status_is_asked_anyway(tmp_path: Path) -> None:
    """If the daemon does not say which names it has, it is asked for the certificate."""
    daemon = Daemon()
    daemon.status = 500
    path = str(tmp_path / "s")
    async with hostile(daemon.answer, path=path):
        assert await Tailscaled(path).get(NODE, "", "") is not None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            status(403, b'{"error":"cert access denied"}'),
            "denies access: cert access denied; set TS",
        ),
        (status(403, b"no\r\n"), "denies access: no; set TS_PERMIT_CERT_UID"),
        (status(500, b'{"error":"acme: \\u001b[31mfailed"}'), r"answers 500: acme:  \[31mfailed"),
        (status(500, b"[" * 100_000), r"answers 500: \[\["),
        (status(200, b"no pair"), "no CERTIFICATE pem block"),
    ],
)
async def test_tailscale_that_fails(tmp_path: Path, answer: bytes, message: str) -> None:
    """What the daemon says is said, without what does not belong in a log."""
    daemon = Daemon()
    daemon.pair = answer
    path = str(tmp_path / "s")
    async with hostile(daemon.answer, path=path):
        with pytest.raises(ManagerError, match=message) as caught:
            await Tailscaled(path).get(NODE, "", "")

    assert len(str(caught.value)) < 400


async def test_tailscale_that_is_not_there(tmp_path: Path) -> None:
    """Without a daemon there is no certificate, and the error names the socket."""
    with pytest.raises(ManagerError, match=r"Tailscale: .*/none: No such file"):
        await Tailscaled(str(tmp_path / "none")).get(NODE, "", "")


class Having:
    """A manager that has this, or fails."""

    def __init__(self, found: Certificate | ManagerError | None) -> None:
        self._found = found

    async def get(self, hello: Hello, local_ip: str, remote_ip: str) -> Certificate | None:
        """Return it."""
        del hello, local_ip, remote_ip
        if isinstance(self._found, ManagerError):
            raise self._found
        return self._found


async def test_managers_are_asked_in_turn() -> None:
    """The first certificate is taken; a failure counts only if no later manager answers."""
    certificate = Certificate.read(BUNDLE.chain.decode(), BUNDLE.key.decode())
    down = ManagerError("down")

    async def first(*found: Certificate | ManagerError | None) -> Certificate | None:
        managers: Sequence[Manager] = [Having(each) for each in found]
        return await first_of(managers, HELLO, "", "")

    assert await first() is None
    assert await first(None, certificate) is certificate
    assert await first(down, certificate) is certificate
    assert await first(down, None) is None
    with pytest.raises(ManagerError, match="down"):
        await first(None, down)


async def test_modules_are_managers() -> None:
    """In JSON they are `http`, which needs a URL, and `tailscale`."""
    assert isinstance(await HTTP(url="http://a").provision(context()), CertificateURL)
    assert isinstance(await Tailscale().provision(context()), Tailscaled)
    with pytest.raises(ConfigError, match="m/url: URL is required"):
        await HTTP().provision(context("m"))
