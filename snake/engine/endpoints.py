"""Endpoints: all that the admin API of a running snake answers to.

Imported when the workers serve already. One more endpoint is one more file, here if it speaks of
the engine and in `snake.admin` if not, and one more line below.
"""

from __future__ import annotations

from functools import partial

from snake.admin import debug, metrics, pki, status, stop, upstreams
from snake.admin.config import Tree
from snake.admin.counts import Counts
from snake.admin.endpoint import Endpoint
from snake.admin.load import Load
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
        *metrics.endpoints(partial(reporter.metrics, inventory.health), counts),
        *pki.endpoints(inventory.authorities, inventory.authority),
        *upstreams.endpoints(inventory.upstreams),
        *debug.endpoints(Stacks(reloads).text),
    )
