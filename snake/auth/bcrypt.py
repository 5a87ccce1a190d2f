"""bcrypt: hashes that begin with `$2a$`, `$2b$` or `$2y$`."""

from __future__ import annotations

import re
from secrets import token_bytes

from snake.auth.contract import HashModule, PasswordHash
from snake.core.modules import Context

_FORM = re.compile(rb"\$2[abxy]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{53}")
_ALPHABET = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_COSTS = range(4, 32)
_DEFAULT_COST = 14
_LONGEST = 72
"""Bytes of a password that bcrypt looks at."""


class Bcrypt(HashModule):
    """The JSON of `http.authentication.hashes.bcrypt`."""

    id = "http.authentication.hashes.bcrypt"

    async def provision(self, ctx: Context) -> PasswordHash:
        """Return what compares passwords with such hashes."""
        del ctx
        return _Bcrypt()


class _Bcrypt:
    def fault(self, hashed: bytes) -> str:
        if hashed.startswith(b"$argon2id$"):
            return "is one of argon2id: write basic_auth argon2id"
        form = _FORM.fullmatch(hashed)
        if form is None:
            return "is none of bcrypt, which has 60 characters that begin with $2a$, $2b$ or $2y$"
        if int(form["cost"]) not in _COSTS:
            return f"has a cost of {int(form['cost'])}; it is 4 to 31 in bcrypt"
        return ""

    def matches(self, hashed: bytes, password: bytes) -> bool:
        import bcrypt  # noqa: PLC0415  (only where the directive is used)

        return bcrypt.checkpw(password[:_LONGEST], hashed)

    def fake(self, like: bytes | None) -> bytes:
        cost = int(like[4:6]) if like else _DEFAULT_COST
        # The last characters of the salt and the hash stand for fewer bits than the others.
        salt = bytes(_ALPHABET[byte % 64] for byte in token_bytes(21)) + b"."
        rest = bytes(_ALPHABET[byte % 64] for byte in token_bytes(30)) + b"."
        return b"$2b$%02d$%s%s" % (cost, salt, rest)
