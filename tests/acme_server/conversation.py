"""A client of an ACME server in this process, which signs what it says with a real key.

::

    client = await served(tmp_path)
    order = await client.order("a.test")
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from snake.acme.key import Key, encoded
from snake.acme_server.ledger import Ledger
from snake.acme_server.links import Links
from snake.acme_server.orders import Orders, Terms
from snake.acme_server.proving import Ports, Prover
from snake.acme_server.server import Call, Reply, Server
from snake.dns.resolver import Place, Resolver
from snake.storage.folder import FileStorage
from tests.pki.requests import provisioned, request

BASE = "https://ca.test/acme/local"


async def served(  # noqa: PLR0913  (what a server has)
    folder: Path,
    *,
    terms: Terms | None = None,
    ports: Ports | None = None,
    resolver: Place | None = None,
    now: Callable[[], float] = time.time,
    key: Key | None = None,
) -> Client:
    """Return a client with an account, of a server that keeps all in a folder."""
    authority = await (await provisioned(folder, now)).get()
    ledger = Ledger(FileStorage(folder), "local", now)
    prover = Prover(Resolver((resolver,) if resolver else ()), ports)
    orders = Orders(authority, ledger, prover, terms or Terms(lifetime=3600), now)
    client = Client(Server("local", ledger, orders, now), key or Key.generate())
    await client.register()
    return client


class Client:
    """It has a key, an account and a nonce."""

    def __init__(self, server: Server, key: Key) -> None:
        self.server = server
        self.key = key
        self.account = ""
        self.nonce = ""

    async def register(self) -> Reply:
        """Make an account, or find it."""
        reply = await self.post("new-account", {"contact": ["mailto:a@b.test"]}, account="")
        self.account = reply.location
        return reply

    async def get(self, path: str, method: str = "GET") -> Reply:
        """Ask for what is not signed."""
        return await self.call(path, b"", method=method)

    async def post(self, path: str, payload: Any = None, account: str | None = None) -> Reply:
        """Say something that is signed; nothing is a POST-as-GET."""
        text = b"" if payload is None else msgspec.json.encode(payload)
        return await self.send(path, await self.signed(path, text, account))

    async def signed(self, path: str, payload: bytes, account: str | None = None) -> bytes:
        """Return a signed request."""
        await self.fresh()
        kid = self.account if account is None else account
        return self.key.sign(payload, self.nonce, self.url(path), kid)

    async def fresh(self) -> None:
        """Have a nonce."""
        if not self.nonce:
            reply = await self.get("new-nonce", "HEAD")
            self.nonce = dict(reply.headers)["replay-nonce"]

    async def send(
        self, path: str, body: bytes, media_type: str = "application/jose+json"
    ) -> Reply:
        """Say something, signed or not; keep the nonce of the answer."""
        reply = await self.call(path, body, media_type=media_type)
        self.nonce = dict(reply.headers).get("replay-nonce", "")
        return reply

    async def call(
        self, path: str, body: bytes, *, method: str = "POST", media_type: str = ""
    ) -> Reply:
        """Have the server answer a path below the authority's."""
        return await self.server.answer(
            Call(
                method=method,
                path=("local", *path.split("/")),
                url=self.url(path),
                links=Links(BASE),
                media_type=media_type,
                body=body,
            )
        )

    def url(self, path: str) -> str:
        """Return the URL of a path."""
        return f"{BASE}/{path}"

    async def order(self, *names: str) -> dict[str, Any]:
        """Ask for a certificate; return the order."""
        reply = await self.post("new-order", {"identifiers": list(map(identifier, names))})
        assert reply.status == 201, reply
        return {**reply.value, "path": path_of(reply.location)}

    async def challenges(self, order: dict[str, Any], index: int = 0) -> dict[str, dict[str, Any]]:
        """Return the challenges for one name of an order, by type."""
        reply = await self.post(path_of(order["authorizations"][index]))
        return {each["type"]: each for each in reply.value["challenges"]}

    async def prove(self, challenge: dict[str, Any]) -> dict[str, Any]:
        """Say that a challenge can be looked at; return what became of it."""
        reply = await self.post(path_of(challenge["url"]), {})
        found: dict[str, Any] = reply.value
        return found

    def authorization(self, challenge: dict[str, Any]) -> str:
        """Return what proves a name."""
        return f"{challenge['token']}.{self.key.thumbprint}"

    async def finalize(self, order: dict[str, Any], *names: str, csr: bytes = b"") -> Reply:
        """Ask for the certificate itself."""
        data = encoded(csr or request(*names))
        return await self.post(path_of(order["finalize"]), {"csr": data})


def identifier(name: str) -> dict[str, str]:
    """Return a name as an order has it."""
    return {"type": "ip" if name[0].isdigit() or ":" in name else "dns", "value": name}


def path_of(url: str) -> str:
    """Return what is below the authority's path."""
    assert url.startswith(f"{BASE}/"), url
    return url.removeprefix(f"{BASE}/")


def problem(reply: Reply) -> str:
    """Return the kind of error that an answer is."""
    assert reply.media_type == "application/problem+json", reply
    kind: str = json.loads(reply.body)["type"]
    return kind.removeprefix("urn:ietf:params:acme:error:")
