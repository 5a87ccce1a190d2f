"""bcrypt: hashes that begin with `$2a$`, `$2b$` or `$2y$`."""

from __future__ import annotations

from snake.core.modules import Module


class Bcrypt(Module):
    """The JSON of `http.authentication.hashes.bcrypt`."""

    id = "http.authentication.hashes.bcrypt"
