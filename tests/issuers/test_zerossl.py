"""Certificates by the API of ZeroSSL, from a server that plays it and does check names."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from snake.acme.distributed import Shared
from snake.acme.listener import Listeners
from snake.acme.presented import Presented
from snake.core.errors import ConfigError
from snake.dns.rfc2136 import RFC2136
from snake.dns.solver import Solver
from snake.issuers.zerossl import ZeroSSL as Module
from snake.issuers.zerossl_api import API, ENDPOINT, Proof
from snake.issuers.zerossl_issuer import ZeroSSLIssuer
from snake.storage.folder import FileStorage
from snake.tls.certificate import Certificate
from snake.tls.challenge import PKI_VALIDATION, Challenge, Desk
from snake.tls.issuer import IssueError, Request
from tests.dns.provisioned import context
from tests.dns.servers import KEY as DNS_KEY
from tests.dns.servers import SECRET, nameserver
from tests.fetch.hostile import api, flood, hostile, status
from tests.issuers.zerossl_server import ALIAS, CONTENT, FILE, ID, KEY, ZeroSSL
from tests.pki.requests import pem_of, private_key, provisioned, request
from tests.server import free_port


class Place:
    """An issuer, and what it deals with."""

    def __init__(self, folder: Path, played: ZeroSSL, port: int) -> None:
        self.played = played
        self.port = port
        self.desk = Desk()
        self.shared = Shared(FileStorage(folder / "storage"), "zerossl")

    def issuer(self, url: str, key: str = KEY, **settings: Any) -> ZeroSSLIssuer:
        """Return the issuer of an API."""
        presented = Presented(
            PKI_VALIDATION, self.desk, self.shared, Listeners(), ("127.0.0.1", self.port)
        )
        return ZeroSSLIssuer(
            API(key, url), presented, elsewhere=(self.shared,), interval=0.05, **settings
        )


@asynccontextmanager
async def playing(folder: Path, dns_port: int = 0) -> AsyncIterator[tuple[Place, str]]:
    """Run the API; return what it deals with, and where it is."""
    authority = await (await provisioned(folder / "ca")).get()
    port = free_port()
    played = ZeroSSL(authority, port, dns_port)
    async with api(played.answer) as server:
        yield Place(folder, played, port), server.url


async def test_names_are_proved_by_files(tmp_path: Path) -> None:
    """Every name is proved by the file that the API wants, which is gone afterwards."""
    key = private_key("rsa")
    names = ("a.test", "b.test")
    async with playing(tmp_path) as (place, url):
        issuer = place.issuer(url, days=90)
        issued = await issuer.issue(Request(names, request(*names, key=key)))

        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", place.port)
    certificate = Certificate.read(issued.chain, pem_of(key).decode())
    assert certificate.names == names
    assert issued.chain.count("BEGIN CERTIFICATE") == 2
    assert (issued.metadata["id"], issued.metadata["status"]) == (ID, "issued")
    assert place.played.fields["strict_domains"] == 1
    assert place.played.fields["certificate_validity_days"] == 90
    assert issuer.key == "zerossl"
    assert await issuer.renewal_window(certificate) is None
    assert await place.desk.find(PKI_VALIDATION, "a.test") is None
    assert place.played.requests == [
        "POST /certificates",
        f"POST /certificates/{ID}/challenges",
        f"GET /certificates/{ID}",
        f"GET /certificates/{ID}",
        f"GET /certificates/{ID}/download/return",
    ]


async def test_file_is_where_any_server_of_ours_finds_it(tmp_path: Path) -> None:
    """Meanwhile it is on the desk for workers, and in the storage for other machines."""
    found: list[Challenge | None] = []
    async with playing(tmp_path) as (place, url):
        verify = place.played._by_file  # noqa: SLF001

        async def look(name: str) -> bool:
            found.append(await place.desk.find(PKI_VALIDATION, name))
            found.append(await place.shared.find(name))
            return await verify(name)

        place.played._by_file = look  # type: ignore[method-assign]  # noqa: SLF001
        await place.issuer(url).issue(Request(("a.test",), request("a.test")))

    expected = Challenge(PKI_VALIDATION, "a.test", FILE, "\n".join(CONTENT))
    assert found == [expected, expected]


async def test_names_are_proved_by_aliases(tmp_path: Path) -> None:
    """With a DNS provider they are proved by aliases, which are gone afterwards."""
    with nameserver("bind", tmp_path, {"a.test.": ""}) as server:
        module = RFC2136(server=server.place, key_name=DNS_KEY, key_alg="hmac-sha256", key=SECRET)
        provider = await module.provision(context())
        cname = Solver(provider, resolvers=[server.place], interval=0.05)
        async with playing(tmp_path, server.port) as (place, url):
            names = ("a.test", "www.a.test")
            issued = await place.issuer(url, cname=cname).issue(Request(names, request(*names)))
            left = [await place.played._by_alias(name) for name in names]  # noqa: SLF001

    assert "BEGIN CERTIFICATE" in issued.chain
    assert left == [False, False]
    assert ALIAS.startswith("_")


async def test_order_that_fails_is_given_up(tmp_path: Path) -> None:
    """A name that is not proved is an error with what the API says; the order is cancelled."""
    async with playing(tmp_path) as (place, url):
        place.played._http_port = free_port()  # noqa: SLF001
        with pytest.raises(IssueError, match=r"validation_failed.*file_found") as caught:
            await place.issuer(url).issue(Request(("a.test",), request("a.test")))

    assert place.played.status == "cancelled"
    assert not caught.value.lasting


async def test_cancelled_issuance_gives_the_order_up(tmp_path: Path) -> None:
    """Who is cancelled while the API thinks takes back file and order."""
    async with playing(tmp_path) as (place, url):
        place.played.looks = 10**6
        task = asyncio.create_task(place.issuer(url).issue(Request(("a.test",), request("a.test"))))
        await place.played.looked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert place.played.status == "cancelled"
        assert await place.desk.find(PKI_VALIDATION, "a.test") is None


async def test_errors_of_the_key_last(tmp_path: Path) -> None:
    """A wrong access key is an error that does not go away, and is not in it."""
    async with playing(tmp_path) as (place, url):
        with pytest.raises(IssueError, match=r"invalid_access_key \(101\)") as caught:
            await place.issuer(url, key="wrong-key").issue(Request(("a.test",), request("a.test")))
        assert caught.value.lasting
        assert "wrong-key" not in str(caught.value)
        with pytest.raises(IssueError, match=r"certificate_domains_invalid \(2832\)"):
            await place.issuer(url).issue(Request(("bad.test",), request("bad.test")))


def order(**fields: Any) -> bytes:
    """Return an order as the API answers it, with something else in it."""
    method = {
        "file_validation_url_http": f"http://a.test/.well-known/pki-validation/{FILE}",
        "file_validation_content": CONTENT,
    }
    methods = {"a.test": {**method, **fields.pop("method", {})}}
    whole = {"id": ID, "status": "draft", "validation": {"other_methods": methods}}
    return status(200, json.dumps({**whole, **fields}).encode())


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (status(500, b"<html>"), "none of its answers: <html>"),
        (status(200, b"null"), "none of its answers"),
        (status(200, b"{}"), "no certificate: {}"),
        (status(200, b"[" * 100_000), "none of its answers"),
        (order(id="../../x"), "no certificate"),
        (order(id="a" * 500), "no certificate"),
        (order(validation=None), "does not say how to prove a.test"),
        (order(method={"file_validation_url_http": "http://a/x.txt"}), "where none can be"),
        (
            order(method={"file_validation_url_http": "http://a/.well-known/pki-validation/../x"}),
            "where none can be",
        ),
        (order(method={"file_validation_content": []}), "where none can be"),
        (order(status="cancelled"), "does not issue the certificate: it is 'cancelled'"),
        (b"junk\r\n\r\n", "does not speak HTTP"),
        (flood, "longer than"),
    ],
)
async def test_answers_that_are_none(tmp_path: Path, answer: object, message: str) -> None:
    """Garbage, and files where none can be, are errors and nothing else."""
    async with hostile(answer) as server:  # type: ignore[arg-type]
        place = Place(tmp_path, None, free_port())  # type: ignore[arg-type]
        with pytest.raises(IssueError, match=message):
            await place.issuer(server.url).issue(Request(("a.test",), request("a.test")))


async def test_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key may come from the environment; without one, or a provider, there is no issuer."""
    monkeypatch.setenv("ZEROSSL", KEY)
    issuer = await Module(api_key="{env.ZEROSSL}", validity_days=90).provision(context())
    assert issuer.key == "zerossl"
    assert ENDPOINT == "https://api.zerossl.com"

    with pytest.raises(ConfigError, match="i/api_key: ZeroSSL's API needs an access key"):
        await Module(api_key="{env.ZEROSSL_NO}").provision(context("i"))


@pytest.mark.parametrize(
    ("name", "alias", "target", "fault"),
    [
        ("a.test", "_0123456789abcdef.a.test", "c.comodoca.com", ""),
        ("www.a.test", "_0123456789abcdef.a.test.", "c.comodoca.com.", ""),
        ("*.a.test", "_0123456789ABCDEF.A.test", "c.comodoca.com", ""),
        ("a.test", "www.a.test", "evil.test", "where none can be"),
        ("a.test", "_0123456789abcdef.b.test", "c.comodoca.com", "where none can be"),
        ("a.test", "_0123456789abcdef.xa.test", "c.comodoca.com", "where none can be"),
        ("a.test", "_0123456789abcdef", "c.comodoca.com", "where none can be"),
        ("a.test", "", "", "where none can be"),
        ("a.test", "_0123456789abcdef.a.test", "", "which is no name"),
        ("a.test", "_0123456789abcdef.a.test", "x y\n", "which is no name"),
    ],
)
def test_aliases_are_for_nothing_else(name: str, alias: str, target: str, fault: str) -> None:
    """The API can have no record made that is anything else's: an alias begins with `_`."""
    proof = Proof(alias=alias, target=target)
    if not fault:
        assert proof.owner(name) == alias
        return
    with pytest.raises(IssueError, match=fault):
        proof.owner(name)
