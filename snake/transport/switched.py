"""Switched: a connection that a handler may take over, when its server stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snake.transport.flow import Flow
from snake.transport.tunnel import Tunnel

if TYPE_CHECKING:
    from snake.transport.serve import Serving


class Switched(Flow):
    """What HTTP/1.1 has of an `ending.Leaving`."""

    __slots__ = ("serving", "tunnel")

    def __init__(self, serving: Serving) -> None:
        super().__init__(serving.settings.write_high_water, serving.context)
        self.serving = serving
        self.tunnel: Tunnel | None = None
        """Who has the connection once a handler has taken it over."""

    def warn(self) -> None:
        """Tell a tunnel that it ends; else the next answer says so."""
        self.tell_tunnels(websockets=False)

    def tell_tunnels(self, *, websockets: bool) -> None:
        """Tell what a handler has taken over that the server wants to stop."""
        del websockets  # those are Hypercorn's, and `drain` tells them
        if self.tunnel is not None:
            self.tunnel.drain(self.serving.patience)

    def cut(self) -> float:
        """Close at once, but for a tunnel that may go on; return until when it may, or 0."""
        due = self.tunnel.farewell.due if self.tunnel is not None else 0.0
        if not due:
            self.abort()
        return due
