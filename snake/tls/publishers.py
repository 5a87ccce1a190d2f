"""Publishers: where the keys of Encrypted ClientHello are made known."""

from __future__ import annotations

from typing import Annotated

from snake.config.struct import Guest
from snake.core.modules import Module
from snake.core.namespace import In


class DNS(Module):
    """The JSON of `tls.ech.publishers.dns`: records in the DNS."""

    id = "tls.ech.publishers.dns"

    provider: Annotated[Guest, In("dns.providers", "name")] = None
