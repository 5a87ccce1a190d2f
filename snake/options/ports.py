"""http_port, https_port: the ports that stand for HTTP and HTTPS.

Syntax::

    http_port  <port>
    https_port <port>

Only for a server behind something that forwards ports 80 and 443 to these.
"""

from __future__ import annotations

import re

from snake.plugin import Guests, Option, Segment

_HIGHEST = 65535


def _parse(line: Segment, earlier: object, guests: Guests) -> int:
    del earlier, guests
    line.no_block()
    text = line.arg()
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > _HIGHEST:
        line.args[0].fail(
            f"{line.name}: '{text}' is not a port", f"a port is a number from 0 to {_HIGHEST}"
        )
    return int(text)


http_port = Option("http_port", _parse)
https_port = Option("https_port", _parse)
