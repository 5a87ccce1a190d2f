"""Trust pools that are fetched from servers."""

from __future__ import annotations

import base64
import json
import ssl
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest
import trustme

from snake.core.errors import ConfigError
from snake.core.modules import Context
from snake.engine.warm import registry
from snake.tls.encryption import Encryption
from snake.tls.trust import TrustPool
from snake.transport.asgi import Receive, Scope, Send
from tests.transport.crypt import EC, encrypting, issue
from tests.transport.wire import serving

CA = trustme.CA(key_type=EC)
ROOTS = [trustme.CA(key_type=EC).cert_pem.bytes() for _ in range(2)]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with certificates, or as the path says."""
    del receive
    path = scope["path"].strip("/")
    status = int(path) if path.isdecimal() else 200
    body = b"nothing" if path == "nothing" else b"text\n" + b"".join(ROOTS)
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def fetched(fields: dict[str, Any]) -> TrustPool:
    """Provision a pool."""
    raw = msgspec.Raw(json.dumps({"provider": "http", **fields}).encode())
    async with AsyncExitStack() as stack:
        ctx = Context(registry(), stack).at("ca")
        pool = await ctx.load(raw, namespace="tls.ca_pool.source", key="provider")
    assert isinstance(pool, TrustPool)
    return pool


def inline(ca: trustme.CA) -> dict[str, Any]:
    """Return the JSON of a pool with one authority."""
    der = ssl.PEM_cert_to_DER_cert(ca.cert_pem.bytes().decode())
    return {"provider": "inline", "trusted_ca_certs": [base64.b64encode(der).decode()]}


@pytest.mark.parametrize(
    ("tls", "fails"),
    [
        (None, True),
        ({"ca": inline(CA)}, False),
        ({"ca": inline(trustme.CA(key_type=EC))}, True),
        ({"insecure_skip_verify": True}, False),
        ({"ca": inline(CA), "server_name": "other.localhost"}, True),
    ],
    ids=["system", "known", "stranger", "anybody", "name"],
)
async def test_by_https(tls: dict[str, Any] | None, *, fails: bool) -> None:
    """The certificates count that come from servers whose own is believed."""
    encryption: Encryption = await encrypting(issue(CA, "127.0.0.1"))
    async with serving(app, encryption=encryption) as server:
        fields: dict[str, Any] = {"endpoints": [f"https:{server.url}/roots"]}
        if tls is not None:
            fields["tls"] = tls
        if fails:
            with pytest.raises(ConfigError) as caught:
                await fetched(fields)
            assert caught.value.path == "ca/endpoints/0"
        else:
            pool = await fetched(fields)
            assert pool.certificates == tuple(
                ssl.PEM_cert_to_DER_cert(each.decode()) for each in ROOTS
            )


@pytest.mark.parametrize("path", ["404", "nothing"])
async def test_no_certificates(path: str) -> None:
    """A server that does not answer with certificates stops the start."""
    async with serving(app) as server:
        with pytest.raises(ConfigError):
            await fetched({"endpoints": [f"http:{server.url}/roots", f"http:{server.url}/{path}"]})
