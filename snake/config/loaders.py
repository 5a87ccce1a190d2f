"""Loaders: where a server gets its next configuration from.

Source: https://caddyserver.com/docs/json/admin/config/load/.
"""

from __future__ import annotations

import msgspec

from snake.config.struct import Config, Duration
from snake.core.modules import Module


class ClientTLS(Config):
    """Whom the loader trusts, and how it proves who it is."""

    use_server_identity: bool = False
    client_certificate_file: str = ""
    client_certificate_key_file: str = ""
    root_ca_pem_files: tuple[str, ...] = ()


class HTTP(Module):
    """The JSON of `caddy.config_loaders.http`: a configuration that is fetched."""

    id = "caddy.config_loaders.http"

    method: str = ""
    url: str = ""
    headers: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict, name="header")
    timeout: Duration = 0
    adapter: str = ""
    tls: ClientTLS | None = None
