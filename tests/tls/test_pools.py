"""Trust pools that come from a storage."""

from __future__ import annotations

import json
import ssl
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trustme

from snake.core.errors import ConfigError
from snake.core.modules import Context, Registry
from snake.standard import MODULES
from snake.storage.folder import FileStorage
from snake.storage.storage import Storage
from snake.tls.trust import TrustPool


async def provisioned(fields: dict[str, Any], default: Storage | None = None) -> TrustPool:
    """Provision the pool of a storage."""
    raw = msgspec.Raw(json.dumps({"provider": "storage", **fields}).encode())
    services = {Storage: default} if default is not None else {}
    async with AsyncExitStack() as stack:
        ctx = Context(Registry(MODULES), stack, services).at("ca")
        pool = await ctx.load(raw, namespace="tls.ca_pool.source", key="provider")
    assert isinstance(pool, TrustPool)
    return pool


async def test_certificates_under_keys(tmp_path: Path) -> None:
    """Those under all keys are believed, of the document's storage or of the pool's own."""
    storage = FileStorage(tmp_path)
    one, two = trustme.CA().cert_pem.bytes(), trustme.CA().cert_pem.bytes()
    await storage.store("pki/root.crt", one)
    await storage.store("more", b"a key and text\n" + one + two)
    expected = tuple(ssl.PEM_cert_to_DER_cert(each.decode()) for each in (one, one, two))
    fields = {"pem_keys": ["pki/root.crt", "more"]}
    own = {"storage": {"module": "file_system", "root": str(tmp_path)}}

    assert (await provisioned(fields, storage)).certificates == expected
    assert (
        await provisioned(fields | own, FileStorage(tmp_path / "other"))
    ).certificates == expected


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "^ca: no keys are given"),
        ({"pem_keys": ["none"]}, "^ca/pem_keys/0: cannot read .*/none: no such file"),
        ({"pem_keys": ["empty"]}, "^ca/pem_keys/0: there is no certificate in empty"),
        ({"pem_keys": ["../empty"]}, "^ca/pem_keys/0: no key of a storage"),
        ({"storage": {"module": "none"}, "pem_keys": ["a"]}, "unknown module: caddy.storage.none"),
    ],
)
async def test_pool_that_believes_nobody(
    tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    """A pool without a certificate is refused: it would be no check, or never pass."""
    storage = FileStorage(tmp_path)
    await storage.store("empty", b"nothing")
    with pytest.raises(ConfigError, match=message):
        await provisioned(fields, storage)
