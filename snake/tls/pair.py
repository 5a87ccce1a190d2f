"""Pair: a certificate and its key that a document names, read and held against each other."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from snake.core.folder import START
from snake.core.modules import Context
from snake.core.record import Record
from snake.core.surroundings import PlaceholderError, fill_known
from snake.tls.certificate import Certificate, CertificateError
from snake.tls.pem import PEMError, chain_in, check_bundle, key_in

log = logging.getLogger("snake.tls")

_FORMATS = ("", "pem")


class Source(Record):
    """A text with a certificate or a key, and where it is from."""

    place: str
    """For people: a file, or a key of the storage; empty for the document itself."""
    text: str


def pair_of(ctx: Context, chain: Source, key: Source, tags: tuple[str, ...]) -> Certificate:
    """Return the certificate; `ctx` is at the pair. Raises `ConfigError`.

    What is said names the files, and nothing that is in them.
    """
    try:
        chain_text = chain_in(chain.text)
    except PEMError as error:
        raise ctx.at("certificate").fail(_named(chain.place, error)) from None
    try:
        key_text = key_in(key.text)
    except PEMError as error:
        raise ctx.at("key").fail(_named(key.place, error)) from None
    places = ", ".join(dict.fromkeys(filter(None, (chain.place, key.place))))
    try:
        certificate = Certificate.read(
            chain_text, key_text, tags=[filled(ctx.at("tags"), tag) for tag in tags]
        )
    except CertificateError as error:
        raise ctx.fail(_named(places, error)) from None
    if certificate.left(time.time()) < 0:
        # As in Caddy it is served all the same: a site with it is better than no site at all.
        log.warning(
            "certificate has expired; it is served until there is another",
            extra={"fields": {"names": certificate.names, "from": places}},
        )
    return certificate


def bundle_of(ctx: Context, file: str, text: str) -> Certificate:
    """Return the certificate in a file that has its key, too. Raises `ConfigError`."""
    try:
        check_bundle(text)
    except PEMError as error:
        raise ctx.fail(_named(file, error)) from None
    return pair_of(ctx, Source(file, text), Source(file, text), ())


def check_format(ctx: Context, name: str) -> None:
    """Refuse what is not PEM. Raises `ConfigError`."""
    if filled(ctx, name) not in _FORMATS:
        raise ctx.fail(f"unrecognized certificate/key encoding format: {name} (it can be pem)")


def filled(ctx: Context, text: str) -> str:
    """Put in what placeholders stand for that are known by now. Raises `ConfigError`."""
    try:
        return fill_known(text)
    except PlaceholderError as error:
        raise ctx.fail(str(error)) from None


def file_text(ctx: Context, name: str) -> Source:
    """Read a file. Raises `ConfigError`, which names it."""
    path = START.path(filled(ctx, name))
    try:
        return Source(path, Path(path).read_bytes().decode("utf-8", "replace"))
    except (OSError, ValueError) as error:
        raise ctx.fail(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None


def pem_files(ctx: Context, name: str) -> Iterator[str]:
    """Yield the files of a folder, and of those in it, that end with `.pem`, in order.

    Links to folders are not followed, as in Caddy, nor are those to files outside of the folder.
    Raises `ConfigError`.
    """
    folder = START.path(filled(ctx, name))

    def fail(error: OSError) -> None:
        raise ctx.fail(f"cannot read {error.filename or folder}: {error.strerror}")

    root = os.path.realpath(folder)
    for path, folders, files in os.walk(folder, onerror=fail):
        folders.sort()
        for each in sorted(files):
            file = os.path.join(path, each)  # noqa: PTH118  (as walk says it)
            if not each.lower().endswith(".pem"):
                continue
            if not Path(os.path.realpath(file)).is_relative_to(root):
                raise ctx.fail(f"{file} is a link to what is not in {folder}")
            yield file


def _named(place: str, error: Exception) -> str:
    return f"{place}: {error}" if place else str(error)
