"""bind: the network addresses that the site listens on.

Syntax::

    bind <addresses...> {
        protocols <h1 | h2 | h2c | h3...>
    }

An address is a host or an IP address, a network and one of these (`tcp4/127.0.0.1`),
or a Unix socket (`unix//run/site.sock`); the port is that of the site. Given more than
once, the addresses add up. Sites without it use the option `default_bind`, or listen on
every interface.
"""

from __future__ import annotations

from snake.options.bind import read_bind
from snake.plugin import Bind, Directive, MatcherArg, Scope, Segment


def parse(line: Segment, scope: Scope) -> Bind:
    """Read a `bind` line."""
    del scope
    return read_bind(line)


directive = Directive("bind", parse, matcher=MatcherArg.NONE)
