"""Certificates of authorities as they are kept, for who only reads them: nothing is made."""

from __future__ import annotations

from pathlib import Path

from snake.config.pki import CA, KeyPair, PKIApp
from snake.core.errors import StartError
from snake.core.folder import START
from snake.core.modules import Context
from snake.core.suggest import suggestion
from snake.pki.terms import DEFAULT_ID
from snake.pki.vault import key_of
from snake.storage.chosen import chosen
from snake.storage.storage import MissingError, StorageError

_LARGEST = 1 << 20


class NotMadeError(StartError):
    """An authority that nobody has asked for a certificate yet."""


async def kept(ctx: Context, app: PKIApp | None, id: str, name: str) -> tuple[bytes, str]:
    """Return the `root` or `intermediate` of an authority as PEM, and where it is, for people.

    `ctx` is the place of what names the authority. Raises `ConfigError` for an authority that is
    not configured, `NotMadeError` for one that is not there yet, and `StartError`.
    """
    authorities = {} if app is None else app.certificate_authorities
    if id not in authorities and id != DEFAULT_ID:
        hint = suggestion(id, authorities)
        raise ctx.fail(f"no certificate authority is configured with the ID {id!r}{hint}")
    ca = authorities.get(id, CA())
    given: KeyPair | None = getattr(ca, name)
    if given is not None:
        return _file(ctx, given.certificate), given.certificate
    storage = await chosen(ctx, ca.storage)
    key = f"{key_of(id, name)}.crt"
    try:
        return await storage.load(key), f"{storage}: {key}"
    except MissingError:
        raise NotMadeError(
            f"the authority {id!r} has no {name} yet: {key} is not in {storage}", ctx.path
        ) from None
    except StorageError as error:
        raise StartError(str(error), ctx.path) from None


def _file(ctx: Context, name: str) -> bytes:
    try:
        with Path(START.path(name)).open("rb") as file:
            return file.read(_LARGEST)
    except OSError as error:
        raise StartError(
            f"cannot read {name}: {(error.strerror or '').lower()}", ctx.path
        ) from None
