"""argon2id: hashes that begin with `$argon2id$`."""

from __future__ import annotations

import re
from base64 import b64encode
from secrets import token_bytes

from snake.auth.contract import HashModule, PasswordHash
from snake.core.modules import Context

_FORM = re.compile(
    rb"(?P<parameters>\$argon2id\$v=19\$m=(?P<memory>\d{1,9}),t=(?P<time>\d{1,9}),"
    rb"p=(?P<threads>\d{1,3})\$)(?P<salt>[A-Za-z0-9+/]+)\$(?P<key>[A-Za-z0-9+/]+)"
)
_DEFAULT = b"$argon2id$v=19$m=47104,t=1,p=1$"
_SALT, _KEY = 16, 32
"""Bytes of a usual salt and a usual key."""
_LEAST = {"salt": 11, "key": 6}
"""Characters of the shortest salt (8 bytes) and key (4 bytes): RFC 9106, 3.1."""


class Argon2id(HashModule):
    """The JSON of `http.authentication.hashes.argon2id`."""

    id = "http.authentication.hashes.argon2id"

    async def provision(self, ctx: Context) -> PasswordHash:
        """Return what compares passwords with such hashes."""
        del ctx
        return _Argon2id()


class _Argon2id:
    def fault(self, hashed: bytes) -> str:
        if hashed.startswith(b"$2"):
            return "is one of bcrypt: write basic_auth, or basic_auth bcrypt"
        form = _FORM.fullmatch(hashed)
        if form is None:
            return "is none of argon2id, which is $argon2id$v=19$m=…,t=…,p=…$salt$key"
        for part, least in _LEAST.items():
            if len(form[part]) < least or len(form[part]) % 4 == 1:
                return f"has a {part} that is cut off"
        memory, time, threads = (int(form[name]) for name in ("memory", "time", "threads"))
        if not (time and 0 < threads < 256 and memory >= 8 * threads):  # noqa: PLR2004
            return "has parameters out of range: m is at least 8 p, t at least 1, p is 1 to 255"
        return ""

    def matches(self, hashed: bytes, password: bytes) -> bool:
        # Only where the directive is used.
        from argon2 import exceptions, low_level  # noqa: PLC0415

        try:
            return low_level.verify_secret(hashed, password, low_level.Type.ID)
        except exceptions.VerifyMismatchError:
            return False

    def fake(self, like: bytes | None) -> bytes:
        form = _FORM.fullmatch(like or b"")
        parameters = form["parameters"] if form else _DEFAULT
        return b"%s%s$%s" % (parameters, *map(_random, (_SALT, _KEY)))


def _random(size: int) -> bytes:
    return b64encode(token_bytes(size)).rstrip(b"=")
