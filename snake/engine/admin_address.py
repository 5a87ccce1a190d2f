"""Where the admin API of a document listens, and what it must not do there.

An app that is confined to a sandbox can still reach the ports of this machine, so with one the
API, which may do everything, is on no port: it is a socket file that only snake's user may open.
"""

from __future__ import annotations

import os

from snake.config.document import Document
from snake.core.errors import ConfigError, SnakeError
from snake.core.network import NetworkAddress, parse_address
from snake.core.record import Record
from snake.core.surroundings import fill
from snake.engine.autosave import config_folder
from snake.python.isolation import Isolation
from snake.python.plan import AppPlan

VARIABLE = "CADDY_ADMIN"
"""The variable of the environment that names the address where the document does not."""
DEFAULT = "localhost:2019"
_PLACE = "admin/listen"


class AdminAddress(Record):
    """An address of the admin API."""

    address: NetworkAddress
    is_default: bool
    """Whether nobody asked for it, so that it may as well be left out."""


def admin_address(document: Document, apps: list[AppPlan]) -> AdminAddress | None:
    """Return where the admin API is to listen; `None` if it is turned off. Raises `ConfigError`."""
    admin = document.admin
    if admin is not None and admin.disabled:
        return None
    confined = next((each.name for each in apps if _is_confined(each)), None)
    if admin is not None and admin.listen:
        return AdminAddress(_parsed(admin.listen, _PLACE, confined), is_default=False)
    named = os.environ.get(VARIABLE, "")
    if named == "off":
        return None
    if named:
        return AdminAddress(_parsed(named, "", confined), is_default=False)
    text = DEFAULT if confined is None else f"unix/{config_folder()}/admin.sock|0600"
    return AdminAddress(parse_address(text), is_default=True)


def _parsed(text: str, place: str, confined: str | None) -> NetworkAddress:
    """Read the address that was asked for. Raises `ConfigError`."""
    whose = "" if place else f"{VARIABLE}: "
    try:
        address = parse_address(fill(text))
    except SnakeError as error:
        raise ConfigError(f"{whose}{error}", place) from None
    if address.network.startswith("udp") or address.network == "fdgram":
        raise ConfigError(f"{whose}{address}: the admin API listens on a stream network", place)
    if address.start_port != address.end_port:
        raise ConfigError(
            f"{whose}must be exactly one listener address; cannot listen on: {address}", place
        )
    if confined is not None and not address.is_unix:
        raise ConfigError(
            f"{whose}{address}: the isolated app {confined} could reach the admin API there, and "
            "change everything; name a socket file instead, such as unix//run/snake/admin.sock, "
            "or give the app no network",
            place,
        )
    return address


def _is_confined(app: AppPlan) -> bool:
    """Whether an app is in a sandbox out of which it reaches the ports of this machine."""
    isolation: Isolation | None = app.placed.fields.isolation
    if isolation is None or isolation.backend == "none":
        return False
    if isolation.backend == "docker":
        return isolation.docker is not None and isolation.docker.network == "host"
    return isolation.process is None or isolation.process.network != "off"
