"""`admin`: the admin endpoint and how the running configuration is kept."""

from __future__ import annotations

import msgspec

from snake.config.http import Config, Duration


class AdminConfig(Config):
    """How configurations are loaded and kept."""

    persist: bool | None = None
    load: msgspec.Raw | None = None
    load_delay: Duration = 0


class Admin(Config):
    """The admin endpoint."""

    disabled: bool = False
    listen: str = ""
    enforce_origin: bool = False
    origins: tuple[str, ...] = ()
    config: AdminConfig | None = None
    identity: msgspec.Raw | None = None
    remote: msgspec.Raw | None = None
