"""The kinds of hash: what they take, and what they compare."""

from __future__ import annotations

from contextlib import AsyncExitStack

import bcrypt
import pytest

from snake.auth.argon2id import Argon2id
from snake.auth.bcrypt import Bcrypt
from snake.auth.contract import HashModule, PasswordHash
from snake.core.modules import Context, Registry

B = b"$2b$04$dAlW8akTPQqlAfGKSkhhhOtN64I9Rt5b32kCvQQkoQstS2nn1SlNy"
A = (
    b"$argon2id$v=19$m=64,t=1,p=1$0Niz0PKxWP6v"
    b"9K8fKN9ogg$qYy0qnQxotJR049rpTmBEcKt8NeqUwk2rmpQlZtExKk"
)
"""Both are of `secret`."""
OF_CADDY = b"$2a$14$X3ulqf/iGxnf1k6oMZ.RZeJUoqI9PX2PM4rS5lkIKJXduLGXGPrt6"
"""`caddy hash-password` of `antitiming`."""


async def kind(module: HashModule) -> PasswordHash:
    """Return a kind of hash as it runs."""
    return await module.provision(Context(Registry({}), AsyncExitStack()))


@pytest.mark.parametrize(("module", "hashed"), [(Bcrypt(), B), (Argon2id(), A)])
async def test_right_and_wrong(module: HashModule, hashed: bytes) -> None:
    """The password of a hash matches and no other; a NUL is a character like others."""
    running = await kind(module)

    assert running.fault(hashed) == ""
    assert running.matches(hashed, b"secret")
    for wrong in (b"", b"Secret", b"secret ", b"secret\0", b"secret\0x", b"x" * 10_000):
        assert not running.matches(hashed, wrong)


async def test_hashes_of_other_programs() -> None:
    """Hashes that Caddy and Apache's htpasswd make are understood."""
    running = await kind(Bcrypt())

    assert running.matches(OF_CADDY, b"antitiming")
    assert running.matches(b"$2y" + B[3:], b"secret")


async def test_bcrypt_reads_72_bytes() -> None:
    """What is behind the 72nd byte of a password does not count, as in Go."""
    running = await kind(Bcrypt())
    hashed = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4))

    assert running.matches(hashed, b"x" * 72 + b"y")
    assert not running.matches(hashed, b"x" * 71)


@pytest.mark.parametrize(
    ("module", "hashed", "fault"),
    [
        (Bcrypt(), b"secret", "is none of bcrypt"),
        (Bcrypt(), B[:-1], "is none of bcrypt"),
        (Bcrypt(), B + b"x", "is none of bcrypt"),
        (Bcrypt(), b"$2b$03$" + B[7:], "has a cost of 3"),
        (Bcrypt(), b"$2b$32$" + B[7:], "has a cost of 32"),
        (Bcrypt(), A, "write basic_auth argon2id"),
        (Argon2id(), B, "write basic_auth, or"),
        (Argon2id(), b"", "is none of argon2id"),
        (Argon2id(), A.replace(b"argon2id", b"argon2i"), "is none of argon2id"),
        (Argon2id(), A.replace(b"v=19", b"v=16"), "is none of argon2id"),
        (Argon2id(), A.replace(b"m=64", b"m=7"), "parameters out of range"),
        (Argon2id(), A.replace(b"p=1", b"p=256"), "parameters out of range"),
        (Argon2id(), A.replace(b"t=1", b"t=0"), "parameters out of range"),
        (Argon2id(), b"$argon2id$v=19$m=64,t=1,p=1$c2FsdA$a2V5a2V5a2V5", "a salt that is cut off"),
        (Argon2id(), b"$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$a2V5", "a key that is cut off"),
    ],
)
async def test_faults(module: HashModule, hashed: bytes, fault: str) -> None:
    """What could never match is told when the server starts."""
    assert fault in (await kind(module)).fault(hashed)


@pytest.mark.parametrize(
    ("module", "hashed", "cost"), [(Bcrypt(), B, b"$04$"), (Argon2id(), A, b"$m=64,t=1,p=1$")]
)
async def test_fakes(module: HashModule, hashed: bytes, cost: bytes) -> None:
    """A fake hash costs what a real one does, and can be compared with; each is another."""
    running = await kind(module)
    fake = running.fake(hashed)

    assert cost in fake
    assert running.fault(fake) == ""
    assert not running.matches(fake, b"secret")
    assert running.fake(hashed) != fake
    assert running.fault(running.fake(None)) == ""
