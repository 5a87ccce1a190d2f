"""auto_https: how much of automatic HTTPS to do.

Syntax::

    auto_https off | [disable_redirects] [disable_certs] [ignore_loaded_certs]
"""

from __future__ import annotations

from snake.core.suggest import suggestion
from snake.plugin import Guests, Option, Segment

MODES = ("off", "disable_redirects", "disable_certs", "ignore_loaded_certs")


def _parse(line: Segment, earlier: object, guests: Guests) -> tuple[str, ...]:
    del earlier, guests
    if not line.args:
        line.fail("auto_https takes one or more modes", f"modes: {', '.join(MODES)}")
    for mode in line.args:
        if mode.text not in MODES:
            mode.fail(
                f"unknown auto_https mode '{mode}'{suggestion(mode.text, MODES)}",
                f"modes: {', '.join(MODES)}",
            )
    return tuple(line.texts)


auto_https = Option("auto_https", _parse)
