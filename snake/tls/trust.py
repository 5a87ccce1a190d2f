"""TrustPool: the certificates whose signature is believed, as they were read."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterable
from typing import NamedTuple

from snake.config.struct import Guest
from snake.core.modules import Context
from snake.core.record import Record
from snake.storage.storage import Storage, StorageError
from snake.tls.pem import PEMError, certificates_in, read_certificates


class Old(NamedTuple):
    """A field with certificates, which Caddy has replaced by trust pools."""

    field: str
    values: tuple[str, ...]


class TrustPool(Record):
    """Authorities, as DER."""

    certificates: tuple[bytes, ...] = ()
    system: bool = False
    """Whether those of the operating system are among them."""

    def apply(self, context: ssl.SSLContext) -> None:
        """Have a context believe these, and no others. Raises `ssl.SSLError` for what is none."""
        if self.system:
            context.load_default_certs()
        if self.certificates:
            # As in Go, one that another has signed is believed by itself: an intermediate.
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            context.load_verify_locations(cadata=b"".join(self.certificates))


async def pool_of(
    ctx: Context, ca: Guest, inline: Old, files: Old, conflict: str
) -> TrustPool | None:
    """Return the pool of a guest, or that of the fields that were there before it; `None` for none.

    Raises `ConfigError`, with the message `conflict` if there are both.
    """
    if ca is None:
        if not (inline.values or files.values):
            return None
        texts = decoded(ctx.at(inline.field), inline.values)
        return TrustPool((*texts, *in_files(ctx.at(files.field), files.values)))
    if inline.values or files.values:
        raise ctx.at("ca").fail(conflict)
    pool: TrustPool = await ctx.at("ca").load(ca, namespace="tls.ca_pool.source", key="provider")
    return pool


def decoded(ctx: Context, texts: Iterable[str]) -> tuple[bytes, ...]:
    """Return certificates from DER in base64. Raises `ConfigError` at the one that is none."""
    found = []
    for index, text in enumerate(texts):
        try:
            found.append(base64.b64decode(text, validate=True))
        except ValueError:
            raise ctx.at(index).fail("no base64") from None
    return tuple(found)


def in_files(ctx: Context, files: Iterable[str]) -> tuple[bytes, ...]:
    """Return the certificates in PEM files. Raises `ConfigError` at the file that has none."""
    found: list[bytes] = []
    for index, file in enumerate(files):
        try:
            found += [base64.b64decode(each) for each in read_certificates(file)]
        except PEMError as error:
            raise ctx.at(index).fail(str(error)) from None
    return tuple(found)


async def in_storage(ctx: Context, storage: Storage, keys: Iterable[str]) -> tuple[bytes, ...]:
    """Return the certificates under keys of a storage, as DER.

    Raises `ConfigError` at the key that has none: nobody is believed by accident.
    """
    found: list[bytes] = []
    for index, key in enumerate(keys):
        try:
            some = certificates_in(await storage.load(key))
        except StorageError as error:
            raise ctx.at(index).fail(str(error)) from None
        if not some:
            raise ctx.at(index).fail(f"there is no certificate in {key}")
        found += some
    return tuple(found)
