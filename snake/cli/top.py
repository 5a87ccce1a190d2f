"""`snake top`."""

from __future__ import annotations

import sys
import time

import click

from snake.cli.admin_address import address_options, find_client
from snake.cli.admin_client import AdminClient, UnreachableError
from snake.cli.status import fetch
from snake.core.errors import SnakeError
from snake.metrics.rates import Rates, rates
from snake.metrics.report import Report

PERIOD = 1.0
"""Seconds from one look to the next."""


@click.command("top")
@address_options
def command(address: str | None, config: str | None, adapter: str | None) -> None:
    """Watch the server that runs in the terminal.

    Requests a second, their latencies and statuses by site, workers, apps, and certificates that
    need attention, all of the last second. q ends it. Into a pipe or a file it prints one frame.
    With NO_COLOR in the environment it has no colors.
    """
    view = View(find_client(address, config, adapter))
    view.look()
    if sys.stdout.isatty():
        # Nobody else needs it, and it takes a while to load.
        from snake.cli.top_screen import watch  # noqa: PLC0415

        watch(view, PERIOD)
    else:
        from snake.cli.top_screen import show  # noqa: PLC0415

        time.sleep(PERIOD)
        view.look()
        if view.fault:
            raise SnakeError(view.fault)
        show(view)


class View:
    """What is known of a server, looked at again and again."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client
        self._last: Report | None = None
        self.rates: Rates | None = None
        self.fault = ""
        """Why the last look saw nothing."""

    def look(self) -> None:
        """Look once. Raises `SnakeError` if the first look fails; later ones are tried again."""
        try:
            report, _ = fetch(self._client)
        except UnreachableError as error:
            self._fail(error)
        except SnakeError as error:
            self._fail(error)
        else:
            self.fault = ""
            self.rates = rates(self._last, report)
            self._last = report

    def _fail(self, error: SnakeError) -> None:
        if self.rates is None:
            raise error
        self.fault = str(error)
