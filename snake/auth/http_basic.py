"""http_basic: accounts by name and password, as the client's browser asks for them."""

from __future__ import annotations

from typing import Annotated

from snake.config.struct import Config, Guest
from snake.core.modules import Module
from snake.core.namespace import In


class Account(Config, omit_defaults=False):
    """Who may come in."""

    username: str = ""
    password: str = ""
    """The hash of the password, in the form that begins with `$`, or that in base 64."""


class HashCache(Config):
    """Remembers passwords that were checked, since it takes long to check one."""


class HTTPBasic(Module):
    """The JSON of `http.authentication.providers.http_basic`."""

    id = "http.authentication.providers.http_basic"

    hash: Annotated[Guest, In("http.authentication.hashes", "algorithm")] = None
    accounts: tuple[Account, ...] = ()
    realm: str = ""
    hash_cache: HashCache | None = None
