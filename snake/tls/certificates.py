"""Certificates that are loaded, and names whose certificates are kept up."""

from __future__ import annotations

from snake.config.struct import Config
from snake.core.modules import Context, Module
from snake.storage.chosen import chosen
from snake.storage.storage import Storage, StorageError
from snake.tls.certificate import Certificate
from snake.tls.pair import Source, bundle_of, check_format, file_text, filled, pair_of, pem_files


class Automate(Module):
    """The JSON of `tls.certificates.automate`: names to have certificates for."""

    id = "tls.certificates.automate"
    bare = "names"

    names: tuple[str, ...] = ()


class FilePair(Config):
    """The names of a certificate and its key, and the tags by which a policy selects them."""

    certificate: str
    key: str
    format: str = ""
    tags: tuple[str, ...] = ()


class PEMPair(Config):
    """A certificate and its key, and the tags by which a policy selects them."""

    certificate: str
    key: str
    tags: tuple[str, ...] = ()


class LoadFiles(Module):
    """The JSON of `tls.certificates.load_files`: pairs of files."""

    id = "tls.certificates.load_files"
    bare = "pairs"

    pairs: tuple[FilePair, ...] = ()

    async def provision(self, ctx: Context) -> list[Certificate]:
        """Read the files. Raises `ConfigError`, which names the file and what is wrong with it."""
        found = []
        for index, pair in enumerate(self.pairs):
            at = ctx.at(index)
            check_format(at.at("format"), pair.format)
            chain = file_text(at.at("certificate"), pair.certificate)
            found.append(pair_of(at, chain, file_text(at.at("key"), pair.key), pair.tags))
        return found


class LoadFolders(Module):
    """The JSON of `tls.certificates.load_folders`: folders of PEM files."""

    id = "tls.certificates.load_folders"
    bare = "folders"

    folders: tuple[str, ...] = ()

    async def provision(self, ctx: Context) -> list[Certificate]:
        """Read every file that ends with `.pem`: it has a chain and its key.

        Raises `ConfigError`, which names the file and what is wrong with it.
        """
        found = []
        for index, folder in enumerate(self.folders):
            at = ctx.at(index)
            found += [
                bundle_of(at, file, file_text(at, file).text) for file in pem_files(at, folder)
            ]
        return found


class LoadPEM(Module):
    """The JSON of `tls.certificates.load_pem`: the pairs themselves."""

    id = "tls.certificates.load_pem"
    bare = "pairs"

    pairs: tuple[PEMPair, ...] = ()

    async def provision(self, ctx: Context) -> list[Certificate]:
        """Read the texts. Raises `ConfigError`."""
        found = []
        for index, pair in enumerate(self.pairs):
            at = ctx.at(index)
            chain, key = (
                Source("", filled(at.at(field), getattr(pair, field)))
                for field in ("certificate", "key")
            )
            found.append(pair_of(at, chain, key, pair.tags))
        return found


class LoadStorage(Module):
    """The JSON of `tls.certificates.load_storage`: pairs by their names in the storage."""

    id = "tls.certificates.load_storage"

    pairs: tuple[FilePair, ...] = ()

    async def provision(self, ctx: Context) -> list[Certificate]:
        """Read the values of the keys. Raises `ConfigError`."""
        storage = await chosen(ctx)
        found = []
        for index, pair in enumerate(self.pairs):
            at = ctx.at("pairs", index)
            check_format(at.at("format"), pair.format)
            chain, key = [
                await _stored(at.at(field), storage, getattr(pair, field))
                for field in ("certificate", "key")
            ]
            found.append(pair_of(at, chain, key, pair.tags))
        return found


async def _stored(ctx: Context, storage: Storage, name: str) -> Source:
    key = filled(ctx, name)
    try:
        return Source(key, (await storage.load(key)).decode("utf-8", "replace"))
    except StorageError as error:
        raise ctx.fail(f"{key}: {error}") from None


class Tags:
    """The tags of one Caddyfile's certificates, `cert0` and on.

    A file is loaded once, under the tag of the first line that names it.
    """

    def __init__(self) -> None:
        self._tags: dict[str, str] = {}

    def of(self, certificate: str) -> tuple[str, bool]:
        """Return a certificate's tag, and whether it is new."""
        new = certificate not in self._tags
        return self._tags.setdefault(certificate, f"cert{len(self._tags)}"), new
