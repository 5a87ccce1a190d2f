"""Endpoints: all that the admin API of a running snake answers to.

Imported when the workers serve already. One more endpoint is one more file, here if it speaks of
the engine and in `snake.admin` if not, and one more line below.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from snake.admin import debug, pki, status, stop, upstreams
from snake.admin.answer import Answer
from snake.admin.config import Tree
from snake.admin.counts import Counts
from snake.admin.endpoint import Endpoint, Handle
from snake.admin.load import Load
from snake.admin.request import Request
from snake.engine.administration import Administration
from snake.engine.configuration import Configuration
from snake.engine.inventory import Inventory
from snake.engine.reloads import Reloads
from snake.engine.reporting import Reporter
from snake.engine.signals import Signals
from snake.engine.stacks import Stacks


def endpoints(
    configuration: Configuration, reloads: Reloads, signals: Signals, counts: Counts
) -> tuple[Endpoint, ...]:
    """Return every endpoint; `counts` are those of the API itself."""
    running = Administration(configuration, signals.ask_to_stop)
    reporter = Reporter(configuration, reloads)
    inventory = Inventory(reloads)
    return (
        *Tree(running).endpoints,
        *Load(running).endpoints,
        *stop.endpoints(running),
        *status.endpoints(lambda: reporter.report(reporter.totals())),
        Endpoint("/metrics", _metrics(partial(reporter.metrics, inventory.health), counts)),
        *pki.endpoints(inventory.authorities, inventory.authority),
        *upstreams.endpoints(inventory.upstreams),
        *debug.endpoints(Stacks(reloads).text),
    )


def _metrics(text: Callable[..., bytes], counts: Counts) -> Handle:
    """Return the handler of metrics: its library is loaded when somebody asks."""

    async def answer(request: Request) -> Answer:
        from snake.admin.metrics import endpoints  # noqa: PLC0415

        [endpoint] = endpoints(text, counts)
        return await endpoint.handle(request)

    return answer
