"""Leaf certificates: those of clients that are known one by one, and where they are.

Syntax, in `client_auth`::

    verifier leaf <loader> <arguments...>
    verifier leaf {
        file   <pem_files...>
        folder <folders...>
        pem    <certificates...>
    }
"""

from __future__ import annotations

from typing import Annotated, Self

import msgspec

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.config.struct import Guest
from snake.core.modules import Context, Module
from snake.core.namespace import In
from snake.storage.chosen import chosen
from snake.storage.storage import StorageError
from snake.tls.authentication import Verify, one_of
from snake.tls.pair import file_text, filled, pem_files
from snake.tls.pem import PEMError, only_certificates_in

_NAMESPACE = "tls.leaf_cert_loader"


class Leaf(Module):
    """The JSON of `tls.client_auth.verifier.leaf`: clients must have one of these certificates."""

    id = "tls.client_auth.verifier.leaf"

    leaf_certs_loaders: tuple[Annotated[msgspec.Raw, In(_NAMESPACE, "loader")], ...] = ()

    async def provision(self, ctx: Context) -> Verify:
        """Load them. Raises `ConfigError`. With no loader nobody is let in, as in Caddy."""
        leaves: list[bytes] = []
        for index, raw in enumerate(self.leaf_certs_loaders):
            at = ctx.at("leaf_certs_loaders", index)
            leaves += await at.load(raw, namespace=_NAMESPACE, key="loader")
        return one_of(tuple(leaves))

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `leaf <loader> <arguments...>`, or `leaf { <loader> <arguments...> … }`.

        A loader without arguments on the line itself is nothing, as in Caddy.
        """
        loaders = line.lines if not line.args else (line.rest,) if len(line.args) > 1 else ()
        return cls(
            leaf_certs_loaders=tuple(guests.json(each, _NAMESPACE, "loader") for each in loaders)
        )


class File(Module):
    """The JSON of `tls.leaf_cert_loader.file`: PEM files."""

    id = "tls.leaf_cert_loader.file"

    files: tuple[str, ...] = ()

    async def provision(self, ctx: Context) -> list[bytes]:
        """Return the certificates in them, as DER. Raises `ConfigError`."""
        found: list[bytes] = []
        for index, file in enumerate(self.files):
            at = ctx.at("files", index)
            source = file_text(at, file)
            found += _certificates(at, source.text, source.place)
        return found

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `file <files...>`."""
        del guests
        return cls(files=tuple(line.texts))


class Folder(Module):
    """The JSON of `tls.leaf_cert_loader.folder`: folders, searched for PEM files."""

    id = "tls.leaf_cert_loader.folder"

    folders: tuple[str, ...] = ()

    async def provision(self, ctx: Context) -> list[bytes]:
        """Return the certificates in their files, as DER. Raises `ConfigError`."""
        found: list[bytes] = []
        for index, folder in enumerate(self.folders):
            at = ctx.at("folders", index)
            for file in pem_files(at, folder):
                found += _certificates(at, file_text(at, file).text, file)
        return found

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `folder <folders...>`."""
        del guests
        return cls(folders=tuple(line.texts))


class PEM(Module):
    """The JSON of `tls.leaf_cert_loader.pem`: the certificates themselves."""

    id = "tls.leaf_cert_loader.pem"

    certificates: tuple[str, ...] = ()

    async def provision(self, ctx: Context) -> list[bytes]:
        """Return them as DER. Raises `ConfigError`."""
        found: list[bytes] = []
        for index, text in enumerate(self.certificates):
            at = ctx.at("certificates", index)
            found += _certificates(at, filled(at, text), "")
        return found

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `pem <certificates...>`."""
        del guests
        return cls(certificates=tuple(line.texts))


class Storage(Module):
    """The JSON of `tls.leaf_cert_loader.storage`: certificates by their names in a storage."""

    id = "tls.leaf_cert_loader.storage"

    certificates: tuple[str, ...] = ()
    storage: Annotated[Guest, In("caddy.storage", "module")] = None

    async def provision(self, ctx: Context) -> list[bytes]:
        """Return those under the keys, as DER. Raises `ConfigError`."""
        storage = await chosen(ctx.at("storage"), self.storage)
        found: list[bytes] = []
        for index, name in enumerate(self.certificates):
            at = ctx.at("certificates", index)
            key = filled(at, name)
            try:
                text = (await storage.load(key)).decode("utf-8", "replace")
            except StorageError as error:
                raise at.fail(f"{key}: {error}") from None
            found += _certificates(at, text, key)
        return found


def _certificates(ctx: Context, text: str, place: str) -> list[bytes]:
    try:
        return only_certificates_in(text)
    except PEMError as error:
        raise ctx.fail(f"{place}: {error}" if place else str(error)) from None
