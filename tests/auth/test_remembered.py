"""What is remembered of credentials."""

from __future__ import annotations

import gc

from snake.auth.remembered import MOST_WRONG, Remembered


def test_verdicts() -> None:
    """A verdict is kept for these credentials and no others."""
    memory = Remembered()
    right, wrong = memory.digest(b"bob:secret"), memory.digest(b"bob:wrong")
    memory.keep("bob", right, right=True)
    memory.keep("bob", wrong, right=False)

    assert memory.verdict("bob", right) is True
    assert memory.verdict("bob", wrong) is False
    assert memory.verdict("bob", memory.digest(b"bob:other")) is None
    assert memory.verdict("al", right) is None


def test_flood_of_wrong_ones() -> None:
    """However many are wrong, the memory is bounded and the right ones stay."""
    memory = Remembered()
    right = memory.digest(b"bob:secret")
    memory.keep("bob", right, right=True)
    digests = [memory.digest(b"bob:%d" % number) for number in range(MOST_WRONG * 3)]
    for digest in digests:
        memory.keep("bob", digest, right=False)

    assert memory.verdict("bob", right) is True
    known = [digest for digest in digests if memory.verdict("bob", digest) is False]
    assert known == digests[-MOST_WRONG:]


def test_no_password_is_kept() -> None:
    """Neither a password nor a hash that others could make of it is in the memory."""
    memory = Remembered()
    password = b"bob:a-password-of-its-own"
    digest = memory.digest(password)
    memory.keep("bob", digest, right=True)
    held = gc.get_referents(*gc.get_referents(memory))

    assert all(password not in each for each in held if isinstance(each, bytes))
    assert Remembered().digest(password) != digest
