"""Session ticket keys: where those come from that TLS sessions are resumed with."""

from __future__ import annotations

from typing import Annotated

from snake.config.struct import Guest
from snake.core.modules import Module
from snake.core.namespace import In


class Standard(Module):
    """The JSON of `tls.stek.standard`: made here, and kept in memory."""

    id = "tls.stek.standard"


class Distributed(Module):
    """The JSON of `tls.stek.distributed`: shared by all servers that have one storage."""

    id = "tls.stek.distributed"

    storage: Annotated[Guest, In("caddy.storage", "module")] = None
