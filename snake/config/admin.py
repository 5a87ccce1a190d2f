"""`admin`: the admin endpoint and how the running configuration is kept."""

from __future__ import annotations

from snake.config.http import Config, Duration, Guest


class AdminConfig(Config):
    """How configurations are loaded and kept."""

    persist: bool | None = None
    load: Guest = None
    load_delay: Duration = 0


class Admin(Config):
    """The admin endpoint."""

    disabled: bool = False
    listen: str = ""
    enforce_origin: bool = False
    origins: tuple[str, ...] = ()
    config: AdminConfig | None = None
    identity: Guest = None
    remote: Guest = None
