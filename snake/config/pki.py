"""`apps.pki`: the local certificate authorities.

Source: https://caddyserver.com/docs/json/apps/pki/.
"""

from __future__ import annotations

from typing import Annotated

from snake.config.struct import Config, Duration, Guest
from snake.core.namespace import In


class KeyPair(Config):
    """A certificate and its key, in files."""

    certificate: str = ""
    private_key: str = ""
    format: str = ""


class CA(Config):
    """One certificate authority."""

    name: str = ""
    root_common_name: str = ""
    intermediate_common_name: str = ""
    intermediate_lifetime: Duration = 0
    install_trust: bool | None = None
    root: KeyPair | None = None
    intermediate: KeyPair | None = None
    maintenance_interval: Duration = 0
    renewal_window_ratio: float = 0
    storage: Annotated[Guest, In("caddy.storage", "module")] = None


class PKIApp(Config):
    """The `pki` app."""

    certificate_authorities: dict[str, CA] = {}
