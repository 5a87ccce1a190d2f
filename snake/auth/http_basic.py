"""http_basic: accounts by name and password, as the client's browser asks for them."""

from __future__ import annotations

import binascii
from typing import Annotated

from snake.auth.bcrypt import Bcrypt
from snake.auth.contract import Authenticate, Challenge, PasswordHash, ProviderModule
from snake.auth.remembered import Remembered
from snake.config.struct import Config, Guest
from snake.core.modules import Context
from snake.core.namespace import In
from snake.core.surroundings import PlaceholderError, fill

DEFAULT_REALM = "restricted"


class Account(Config, omit_defaults=False):
    """Who may come in."""

    username: str = ""
    password: str = ""
    """The hash of the password, in the form that begins with `$`, or that in base 64."""


class HashCache(Config):
    """Remembers credentials that were checked, since it takes long to check them."""


class HTTPBasic(ProviderModule):
    """The JSON of `http.authentication.providers.http_basic`."""

    id = "http.authentication.providers.http_basic"

    hash: Annotated[Guest, In("http.authentication.hashes", "algorithm")] = None
    accounts: tuple[Account, ...] = ()
    realm: str = ""
    hash_cache: HashCache | None = None

    async def provision(self, ctx: Context) -> Authenticate:
        """Read the accounts."""
        if self.hash is None:
            kind = await Bcrypt().provision(ctx)
        else:
            where = ctx.at("hash")
            kind = await where.load(
                self.hash, namespace="http.authentication.hashes", key="algorithm"
            )
        accounts: dict[str, bytes] = {}
        for index, account in enumerate(self.accounts):
            name, hashed = _read(ctx.at("accounts", index), account, kind)
            if name in accounts:
                where = ctx.at("accounts", index, "username")
                raise where.fail(f"{name} has an account already")
            accounts[name] = hashed
        if not accounts:
            challenge = _challenge(self.realm)
            return lambda _: challenge
        # They bring asyncio, for which adapting a Caddyfile has no use.
        from snake.auth.checker import Basic, Checker  # noqa: PLC0415
        from snake.auth.queue import Queue  # noqa: PLC0415

        remembered = Remembered() if self.hash_cache is not None else None
        checker = Checker(kind, accounts, ctx.shared(Queue), remembered)
        return Basic(checker, _challenge(self.realm))


def _challenge(realm: str) -> Challenge:
    # As Go writes a header field: what would end it is a space.
    text = (realm or DEFAULT_REALM).replace("\r", " ").replace("\n", " ")
    value = f'Basic realm="{text}"'.encode("utf-8", "surrogateescape")
    return Challenge(((b"www-authenticate", value),))


def _read(ctx: Context, account: Account, kind: PasswordHash) -> tuple[str, bytes]:
    name, text = (
        _filled(ctx.at(field), getattr(account, field)) for field in ("username", "password")
    )
    where = ctx.at("password")
    if text.startswith("$"):
        hashed = text.encode("utf-8", "surrogateescape")
    else:
        try:
            hashed = binascii.a2b_base64(text, strict_mode=True)
        except ValueError:
            raise where.fail(
                f"the password of {name} is no hash: one begins with $, or is in base 64"
            ) from None
    if fault := kind.fault(hashed):
        raise where.fail(f"the hash of {name} {fault}")
    return name, hashed


def _filled(ctx: Context, text: str) -> str:
    try:
        found = fill(text)
    except PlaceholderError as error:
        raise ctx.fail(str(error)) from None
    if not found:
        raise ctx.fail("an account has a username and a password")
    return found
