"""http_port, https_port: the ports that stand for HTTP and HTTPS.

Syntax::

    http_port  <port>
    https_port <port>

Only for a server behind something that forwards ports 80 and 443 to these.
"""

from __future__ import annotations

from snake.core.numbers import NumberError, integer
from snake.plugin import Guests, Option, Segment


def _parse(line: Segment, earlier: object, guests: Guests) -> int:
    del earlier, guests
    text = line.arg()
    try:
        return integer(text)
    except NumberError:
        line.args[0].fail(f"{line.name}: '{text}' is not a port", "a port is a whole number")


http_port = Option("http_port", _parse)
https_port = Option("https_port", _parse)
