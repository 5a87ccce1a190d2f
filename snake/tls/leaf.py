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
from snake.core.modules import Module
from snake.core.namespace import In

_NAMESPACE = "tls.leaf_cert_loader"


class Leaf(Module):
    """The JSON of `tls.client_auth.verifier.leaf`: clients must have one of these certificates."""

    id = "tls.client_auth.verifier.leaf"

    leaf_certs_loaders: tuple[Annotated[msgspec.Raw, In(_NAMESPACE, "loader")], ...] = ()

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

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `file <files...>`."""
        del guests
        return cls(files=tuple(line.texts))


class Folder(Module):
    """The JSON of `tls.leaf_cert_loader.folder`: folders, searched for PEM files."""

    id = "tls.leaf_cert_loader.folder"

    folders: tuple[str, ...] = ()

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `folder <folders...>`."""
        del guests
        return cls(folders=tuple(line.texts))


class PEM(Module):
    """The JSON of `tls.leaf_cert_loader.pem`: the certificates themselves."""

    id = "tls.leaf_cert_loader.pem"

    certificates: tuple[str, ...] = ()

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
