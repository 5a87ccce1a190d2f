"""Permissions: whether a certificate may be obtained while a client waits for it.

Syntax, in `permission`::

    http <url>
"""

from __future__ import annotations

from typing import Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words
from snake.core.modules import Module


class HTTP(Module, omit_defaults=False):
    """The JSON of `tls.permission.http`: a URL that answers 200 for names that may."""

    id = "tls.permission.http"

    endpoint: str = ""

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `http <url>`. A block means nothing, as in Caddy."""
        del guests
        return cls(endpoint=Words(line).only("a URL").text)
