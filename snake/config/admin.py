"""`admin`: the admin endpoint and how the running configuration is kept.

Source: https://caddyserver.com/docs/json/admin/.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from snake.config.struct import Config, Duration, Guest
from snake.core.namespace import In


class AdminConfig(Config):
    """How configurations are loaded and kept."""

    persist: bool | None = None
    load: Annotated[Guest, In("caddy.config_loaders", "module")] = None
    load_delay: Duration = 0


class Identity(Config):
    """The names that this server proves to others, and who certifies them."""

    identifiers: tuple[str, ...] = ()
    issuers: tuple[Annotated[msgspec.Raw, In("tls.issuance", "module")], ...] = ()


class Permission(Config):
    """What a remote client may do."""

    paths: tuple[str, ...] | None = None
    """Any, if it is left out; an empty list is none."""
    methods: tuple[str, ...] | None = None
    """The same."""


class Access(Config):
    """Who may do it: the holders of these keys."""

    public_keys: tuple[str, ...] = ()
    permissions: tuple[Permission, ...] = ()


class Remote(Config):
    """The admin endpoint for other machines."""

    listen: str = ""
    access_control: tuple[Access, ...] = ()


class Admin(Config):
    """The admin endpoint."""

    disabled: bool = False
    listen: str = ""
    enforce_origin: bool = False
    origins: tuple[str, ...] | None = None
    """`None` for those that lead to the address; with none at all nobody may ask."""
    config: AdminConfig | None = None
    identity: Identity | None = None
    remote: Remote | None = None
