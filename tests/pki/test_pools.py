"""Trust pools of our own authorities, as a configuration has them."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from cryptography import x509

from snake.config.pki import PKIApp
from snake.core.errors import ConfigError, StartError
from snake.core.modules import Context, Registry, decode
from snake.standard import MODULES
from snake.storage.folder import FileStorage
from snake.storage.storage import Storage
from snake.tls.trust import TrustPool
from tests.pki.requests import pem_of, private_key, provisioned, request
from tests.pki.site import BODY, site


async def pool(folder: Path, provider: str, *ids: str, app: Any = None) -> TrustPool:
    """Return the pool of these authorities, with a storage in a folder."""
    raw = msgspec.Raw(msgspec.json.encode({"provider": provider, "authority": ids}))
    services: dict[type[Any], Any] = {Storage: FileStorage(folder)}
    if app is not None:
        text = msgspec.json.encode({"certificate_authorities": app})
        services[PKIApp] = decode(text, PKIApp)
    async with AsyncExitStack() as stack:
        ctx = Context(Registry(MODULES), stack, services, "ca")
        found: TrustPool = await ctx.load(raw, namespace="tls.ca_pool.source", key="provider")
        return found
    raise AssertionError


def read(found: TrustPool) -> list[x509.Certificate]:
    """Return the certificates of a pool, which a context believes."""
    found.apply(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    return [x509.load_der_x509_certificate(der) for der in found.certificates]


async def test_roots_and_intermediates_are_those_of_the_storage(tmp_path: Path) -> None:
    """A pool has what the authority has now, of each that is named."""
    app: dict[str, Any] = {"office": {"name": "Office"}, "local": {}}
    authorities = await provisioned(tmp_path, **app)
    local, office = await authorities.get("local"), await authorities.get("office")

    roots = await pool(tmp_path, "pki_root", "office", "local", app=app)
    intermediates = await pool(tmp_path, "pki_intermediate", "local", app=app)

    assert read(roots) == [office.root, local.root]
    assert read(intermediates) == [local.intermediate]


async def test_intermediate_is_believed_by_itself(tmp_path: Path) -> None:
    """Who trusts only an intermediate accepts what it has signed, with no root at hand."""
    key = private_key()
    authority = await (await provisioned(tmp_path / "pki")).get()
    chain = await authority.issue(request("localhost", key=key), lifetime=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    (await pool(tmp_path / "pki", "pki_intermediate", "local")).apply(context)

    with site(tmp_path, chain, pem_of(key)) as url:
        answer = await asyncio.to_thread(httpx.get, url, verify=context)
    assert answer.text == BODY


async def test_authority_that_is_not_there_yet_is_made(tmp_path: Path) -> None:
    """The first use of an authority may be to trust it."""
    (root,) = read(await pool(tmp_path, "pki_root", "local"))

    assert root == (await (await provisioned(tmp_path)).get()).root


async def test_authority_may_be_a_file(tmp_path: Path) -> None:
    """The root of an authority may be a file, and its storage another one."""
    made = await (await provisioned(tmp_path / "made")).get()
    file = tmp_path / "made/pki/authorities/local/root.crt"
    storage = {"module": "file_system", "root": str(tmp_path / "made")}
    app = {"filed": {"root": {"certificate": str(file)}}, "local": {"storage": storage}}

    for id in app:
        assert read(await pool(tmp_path / "other", "pki_root", id, app=app)) == [made.root]
    assert not (tmp_path / "other").exists()


async def test_mistakes_have_a_place(tmp_path: Path) -> None:
    """Nobody is believed by accident: what cannot be read is an error."""
    with pytest.raises(ConfigError, match="ca/authority/1: no certificate authority is configured"):
        await pool(tmp_path, "pki_root", "local", "ofice")
    with pytest.raises(ConfigError, match="ca: no authority is named"):
        await pool(tmp_path, "pki_root")
    app = {"filed": {"root": {"certificate": "/nowhere"}}}
    with pytest.raises(StartError, match="ca/authority/0: cannot read /nowhere"):
        await pool(tmp_path, "pki_root", "filed", app=app)
    (tmp_path / "pki/authorities/local/root.crt").write_text("nonsense")
    with pytest.raises(ConfigError, match="there is no certificate in the root"):
        await pool(tmp_path, "pki_root", "local")
