"""argon2id: hashes that begin with `$argon2id$`."""

from __future__ import annotations

from snake.core.modules import Module


class Argon2id(Module):
    """The JSON of `http.authentication.hashes.argon2id`."""

    id = "http.authentication.hashes.argon2id"
