"""HTTP-01: a name is proved by an answer under it (RFC 8555 §8.3)."""

from __future__ import annotations

from snake.tls.challenge import PATHS, Challenge


def answer(challenge: Challenge | None, path: str) -> bytes | None:
    """Return what is answered at a path, for the challenge of the host that was asked for.

    It is `None` for what is not this challenge: nothing of the path is ever repeated.
    """
    if challenge is None or path != f"{PATHS.get(challenge.type)}{challenge.token}":
        return None
    return challenge.key_authorization.encode()
