"""Connection: one policy of how TLS connections are made, before it is written down."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from snake.caddyfile.segments import Token
from snake.config.tls import CertificateSelection, ConnectionPolicy


class Connection(msgspec.Struct, eq=False):
    """The names that it is for, or all, and the settings.

    A `tls` line is one policy, on every server that its site is on, and what one server
    makes of it shows on all, as in Caddy: so it is changed in place.
    """

    token: Token | None = None
    """The line that it is of; `None` for one that was added."""
    names: tuple[str, ...] | None = None
    settings: ConnectionPolicy = ConnectionPolicy()
    """Everything but names and tags."""
    tags: list[str] | None = None
    """Tags of the certificates to choose from; policies may have one list in common."""

    @property
    def empty(self) -> bool:
        """Whether it sets nothing."""
        return self.tags is None and self.settings == ConnectionPolicy()

    def same_settings(self, other: Connection) -> bool:
        """Whether both make connections in the same way."""
        return self.settings == other.settings and self.tags == other.tags

    def set(self, **settings: object) -> None:
        """Change some of the settings."""
        self.settings = replace(self.settings, **settings)

    def config(self) -> ConnectionPolicy:
        """Return it as the document has it."""
        tags = None if self.tags is None else CertificateSelection(any_tag=tuple(self.tags))
        sni = msgspec.Raw(msgspec.json.encode(self.names))
        match = {} if self.names is None else {"sni": sni}
        return replace(self.settings, match=match, certificate_selection=tags)
