"""Trust from the start: what a server does about its roots, beside its work.

It changes what its user may change, asks nobody for anything, and says once what is left to do.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterable, Mapping

from cryptography import x509

from snake.pki.trust.outcome import Deed, Outcome, install
from snake.pki.trust.root import Root
from snake.pki.trust.store import Store
from snake.pki.trust.stores import stores
from snake.pki.trust.tool import Rights

log = logging.getLogger("snake.pki")

INSTALL_TRUST = "SNAKE_INSTALL_TRUST"
"""The environment variable with `off` in it where trust stores are to be left alone."""

_LEFT_TO_DO = (
    "root certificate could not be installed everywhere; "
    "clients may show warnings until 'snake trust' is run"
)


def is_off(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment says that stores are to be left alone."""
    return environ.get(INSTALL_TRUST, "").lower() in ("off", "false", "0", "no")


async def trust(id: str, certificate: x509.Certificate, place: str) -> None:
    """Have the stores of this machine trust a root, as far as that can be done quietly."""
    root, there = Root.of(certificate), stores()
    outcomes = await _in_daemon(root, there)
    level, message = verdict(outcomes)
    told = "; ".join(map(str, outcomes))
    log.log(level, message, extra={"fields": {"ca": id, "path": place, "stores": told}})


def verdict(outcomes: Iterable[Outcome]) -> tuple[int, str]:
    """Return what to say of it, and how loud."""
    deeds = {outcome.deed for outcome in outcomes}
    if Deed.FAILED in deeds or not deeds & {Deed.ADDED, Deed.TRUSTED}:
        return logging.WARNING, _LEFT_TO_DO
    if Deed.ADDED in deeds:
        return logging.INFO, "root certificate installed in trust stores"
    return logging.INFO, "root certificate is already trusted by system"


async def _in_daemon(root: Root, there: tuple[Store, ...]) -> list[Outcome]:
    """Install in a thread that the end of the process does not wait for."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[list[Outcome]] = loop.create_future()

    def settle(outcomes: list[Outcome]) -> None:
        if not done.done():
            done.set_result(outcomes)

    def work() -> None:
        outcomes = install(root, there, Rights.of_server())
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, outcomes)

    threading.Thread(target=work, name="snake-trust", daemon=True).start()
    return await done
