"""Pools: which handlers have their apps in pools, and by which sockets those are reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Self

import msgspec

from snake.core.modules import Context
from snake.core.record import Record
from snake.fork.channel import Message
from snake.metrics.apps import of_pool
from snake.metrics.figures import Figures
from snake.python.fields import PythonFields

if TYPE_CHECKING:  # the supervisor needs no more than addresses, and most workers have no pool
    from snake.http.handler import Handler
    from snake.python.pool_process import PoolProcess
    from snake.python.tenants import Tenants


class Address(Record):
    """Where the app of one handler is."""

    name: str
    sockets: tuple[str, ...]
    """One for each process: the path of its Unix socket."""


class Pools:
    """The pools of this worker's generation, by the places of their handlers in the document."""

    def __init__(self, addresses: Mapping[str, Address], tell: Callable[[Message], None]) -> None:
        self._addresses = addresses
        self._tell = tell
        self._tenants: Tenants | None = None
        self._processes: dict[str, PoolProcess] = {}

    @classmethod
    def decode(cls, data: str, tell: Callable[[Message], None]) -> Pools:
        """Read what the supervisor says; nothing said is no pool. `tell` answers it."""
        return cls(msgspec.json.decode(data or "{}", type=dict[str, Address]), tell)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._tenants is not None:
            self._tenants.close()
        for process in self._processes.values():
            process.close()

    @property
    def tenants(self) -> Tenants:
        """The apps that requests choose."""
        from snake.python.tenants import Tenants  # noqa: PLC0415  (see above)

        if self._tenants is None:
            self._tenants = Tenants(self._tell)
        return self._tenants

    def hear(self, message: Message) -> None:
        """Take what the supervisor says of the apps that requests choose."""
        if self._tenants is not None:
            self._tenants.hear(message)

    def handler(self, ctx: Context, fields: PythonFields) -> Handler | None:
        """Return the handler whose place this is; `None` when its app is in no pool."""
        address = self._addresses.get(ctx.path)
        if address is None:
            return None
        from snake.python.pooled import PooledHandler  # noqa: PLC0415  (see above)

        figures = ctx.service(Figures) or ctx.shared(Figures)
        handler = PooledHandler(address.name, [self._process(each) for each in address.sockets])
        handler.numbers = of_pool(figures, fields.name, fields.working_dir)
        return handler

    def _process(self, socket: str) -> PoolProcess:
        from snake.python.pool_process import PoolProcess  # noqa: PLC0415

        if socket not in self._processes:
            self._processes[socket] = PoolProcess(socket)
        return self._processes[socket]


def encode(addresses: Mapping[str, Address]) -> str:
    """Return what a worker decodes."""
    return msgspec.json.encode(addresses).decode()
