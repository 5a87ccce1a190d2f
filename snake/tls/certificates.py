"""Certificates that are loaded, and names whose certificates are kept up."""

from __future__ import annotations

from snake.config.struct import Config
from snake.core.modules import Module


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


class LoadFolders(Module):
    """The JSON of `tls.certificates.load_folders`: folders of PEM files."""

    id = "tls.certificates.load_folders"
    bare = "folders"

    folders: tuple[str, ...] = ()


class LoadPEM(Module):
    """The JSON of `tls.certificates.load_pem`: the pairs themselves."""

    id = "tls.certificates.load_pem"
    bare = "pairs"

    pairs: tuple[PEMPair, ...] = ()


class LoadStorage(Module):
    """The JSON of `tls.certificates.load_storage`: pairs by their names in the storage."""

    id = "tls.certificates.load_storage"

    pairs: tuple[FilePair, ...] = ()


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
