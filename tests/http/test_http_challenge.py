"""How an authority is shown that a name is ours, over HTTP."""

from __future__ import annotations

import pytest

from snake.config.tls import TLSApp
from snake.tls.challenge import HTTP01, PKI_VALIDATION, Challenge
from snake.tls.ring import Found, Ring, Visitor
from tests.site import Site, site

TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
PATH = f"/.well-known/acme-challenge/{TOKEN}"
ANSWER = f"{TOKEN}.thumbprint"
FILE = "84CE1466F4209BF8868B311366FACA20.txt"
CONTENT = "C3B1B4C4\ncomodoca.com\ne5b8a0d2"


class Asked:
    """A supervisor that solves challenges for some names, and remembers what it was asked."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.ring = Ring(self._ask)
        self.asked: list[str] = []

    def _ask(self, kind: str, name: str, visitor: Visitor) -> None:
        del visitor
        self.asked.append(name)
        challenge = None
        if kind == HTTP01 and name in self.names:
            challenge = Challenge(HTTP01, name, TOKEN, ANSWER)
        if kind == PKI_VALIDATION and name in self.names:
            challenge = Challenge(PKI_VALIDATION, name, FILE, CONTENT)
        self.ring.answer(kind, name, Found(challenge=challenge, seconds=5))


def served(asked: Asked) -> Site:
    """Return a site that answers for itself where there is no challenge."""
    return site(':80\nrespond "mine {path}"', {Ring: asked.ring, TLSApp: TLSApp()})


@pytest.mark.parametrize("host", ["a.com", "A.COM:80", "a.com:5002"])
async def test_a_challenge_is_answered(host: str) -> None:
    """The token of a name is answered with its key authorization, before all routes."""
    async with served(Asked("a.com")) as it:
        response = await it.get(PATH, host=host)

    assert (response.status, response.text) == (200, ANSWER)
    assert response.header("content-type") == "text/plain"
    assert response.header("connection") == "close"


async def test_a_file_of_zerossl_is_answered() -> None:
    """The file that ZeroSSL looks for is answered likewise, and nothing else of its folder."""
    folder = "/.well-known/pki-validation/"
    async with served(Asked("a.com")) as it:
        assert (await it.get(folder + FILE, host="a.com")).text == CONTENT
        for target in (folder + TOKEN, f"{folder}x.txt", folder, f"{folder}..%2f{FILE}"):
            assert (await it.get(target, host="a.com")).text.startswith("mine ")
        assert (await it.get(folder + FILE, host="b.com")).text.startswith("mine ")
        assert (await it.get(PATH.replace(TOKEN, FILE), host="a.com")).text.startswith("mine ")


async def test_an_address_is_a_name() -> None:
    """An IPv6 address is known without brackets and port, in whatever form."""
    async with served(Asked("2001:db8::1")) as it:
        assert (await it.get(PATH, host="[2001:0db8:0::1]:80")).text == ANSWER


@pytest.mark.parametrize(
    ("method", "target", "host"),
    [
        ("GET", PATH, "b.com"),
        ("POST", PATH, "a.com"),
        ("GET", f"{PATH}x", "a.com"),
        ("GET", f"{PATH}/", "a.com"),
        ("GET", "/.well-known/acme-challenge/", "a.com"),
        ("GET", "/.well-known/acme-challenge/../../etc", "a.com"),
        ("GET", f"/.well-known/acme-challenge/{600 * 'a'}", "a.com"),
        ("GET", PATH, ""),
        ("GET", PATH, f"{260 * 'a'}.com"),
        ("GET", PATH, "a b.com"),
        ("GET", "/", "a.com"),
    ],
)
async def test_all_else_is_for_the_routes(method: str, target: str, host: str) -> None:
    """What is no challenge that is being solved is a request like any other."""
    async with served(Asked("a.com")) as it:
        response = await it.request(method, target, host=host)

    assert response.text == f"mine {target}"


async def test_the_host_alone_is_sought() -> None:
    """However many tokens are asked for, a host without a challenge is sought once in a while."""
    asked = Asked()
    async with served(asked) as it:
        for number in range(5):
            await it.get(f"/.well-known/acme-challenge/{number}", host="b.com")

    assert asked.asked == ["b.com"]


async def test_what_is_no_token_is_not_sought() -> None:
    """What cannot be a token, or a name, asks nobody."""
    asked = Asked()
    async with served(asked) as it:
        await it.get("/.well-known/acme-challenge/a.b", host="b.com")
        await it.get(PATH, host="b!com")

    assert asked.asked == []
