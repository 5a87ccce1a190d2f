"""Authorities of a folder, and signing requests for them.

::

    authorities = await provisioned(tmp_path, local={"name": "Mine"})
    await (await authorities.get()).issue(request("a.test"), lifetime=60)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from snake.config.pki import PKIApp
from snake.core.modules import Context, Registry, decode
from snake.pki.authorities import Authorities
from snake.pki.signing import alternative_names
from snake.standard import MODULES
from snake.storage.folder import FileStorage

DAY = 24 * 3600.0


async def provisioned(
    folder: Path, now: Callable[[], float] = time.time, **authorities: Any
) -> Authorities:
    """Return the authorities of a configuration, kept in a folder."""
    app = decode(msgspec.json.encode({"certificate_authorities": authorities}), PKIApp)
    async with AsyncExitStack() as stack:
        ctx = Context(Registry(MODULES), stack).at("apps", "pki")
        return await Authorities.provision(ctx, app, FileStorage(folder), now=now)
    raise AssertionError


def private_key(kind: str = "p256") -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    """Return a new key."""
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


def request(
    *names: str, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None
) -> bytes:
    """Return a signing request without a subject, as snake makes them."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    if names:
        builder = builder.add_extension(alternative_names(names), critical=False)
    signed = builder.sign(key or private_key(), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


def certificates(pem: str) -> list[x509.Certificate]:
    """Return the certificates in a text."""
    return x509.load_pem_x509_certificates(pem.encode())


def pem_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """Return a key as text."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
