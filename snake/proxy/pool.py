"""Pool: the backends of one proxy, and which of them gets a request."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

from snake.http.request import Request
from snake.proxy.backend import Backend, Host
from snake.proxy.contract import Outgoing
from snake.proxy.selection import Select
from snake.proxy.source import Source, SourceError

log = logging.getLogger("snake.http.handlers.reverse_proxy")


class Pool:
    """Backends from the config, or from a source; and the policy that chooses among them."""

    def __init__(
        self, backends: Sequence[Backend], select: Select, source: Source | None = None
    ) -> None:
        self._static = backends
        self._select = select
        self._source = source

    def known(self, request: Request) -> Sequence[Backend] | None:
        """Return the backends for a request; `None` if they have to be looked up."""
        return self._static if self._source is None else self._source.known(request)

    async def find(self, request: Request) -> Sequence[Backend]:
        """Look up the backends for a request; those of the config, if that fails."""
        if self._source is None:
            return self._static
        try:
            return await self._source.find(request)
        except SourceError as error:
            log.log(
                logging.ERROR,
                "failed getting dynamic upstreams; falling back to static upstreams",
                extra={"fields": {"error": str(error)}},
            )
            return self._static

    def forget(self, request: Request) -> None:
        """Have the backends looked up anew, since one has failed."""
        if self._source is not None:
            self._source.forget(request)

    def select(
        self, backends: Sequence[Backend], outgoing: Outgoing, without: Collection[str] = ()
    ) -> Backend | None:
        """Choose one that is available, none of those with an address in `without`."""
        if without:
            backends = [_GONE if each.dial in without else each for each in backends]
        chosen = self._select(backends, outgoing)
        return None if chosen is _GONE else chosen


def are_left(backends: Sequence[Backend], without: Collection[str]) -> bool:
    """Whether one is available that has none of these addresses."""
    return any(each.available and each.dial not in without for each in backends)


_GONE = Backend("none:0", Host())
"""Stands where a backend is that shall not be chosen: policies count places."""
_GONE.unhealthy = True
