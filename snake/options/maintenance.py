"""ocsp_stapling, ocsp_interval, renew_interval, storage_check, storage_clean_interval: upkeep.

Syntax::

    ocsp_stapling  off
    ocsp_interval  <duration>
    renew_interval <duration>
    storage_check  off
    storage_clean_interval <duration> | off

How often certificates are looked after, and what is not done at all.
"""

from __future__ import annotations

from snake.core.units import duration
from snake.plugin import Guests, Option, Segment, Words


def _interval(line: Segment, earlier: object, guests: Guests) -> int:
    """Return it in nanoseconds. What follows means nothing, as in Caddy."""
    del earlier, guests
    words = Words(line)
    return words.read(words.take("a duration"), duration)


def _stapling(line: Segment, earlier: object, guests: Guests) -> bool:
    """Return that there is none. A block means nothing, as in Caddy."""
    del earlier, guests
    if line.arg() != "off":
        line.args[0].fail(f"ocsp_stapling: invalid argument '{line.args[0]}'", "ocsp_stapling off")
    return False


def _check(line: Segment, earlier: object, guests: Guests) -> bool:
    del earlier, guests
    line.no_block()
    if line.arg() != "off":
        line.args[0].fail(f"storage_check must be 'off', got '{line.args[0]}'")
    return False


def _cleaning(line: Segment, earlier: object, guests: Guests) -> int | None:
    """Return how often, in nanoseconds; `None` for never."""
    del earlier, guests
    line.no_block()
    return None if line.arg() == "off" else Words(line).value(duration)


ocsp_stapling = Option("ocsp_stapling", _stapling)
ocsp_interval = Option("ocsp_interval", _interval)
renew_interval = Option("renew_interval", _interval)
storage_check = Option("storage_check", _check)
storage_clean_interval = Option("storage_clean_interval", _cleaning)
