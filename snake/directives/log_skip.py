"""log_skip: leave requests out of the access log.

Syntax::

    log_skip [<matcher>]

It sets the variable `log_skip`.
"""

from __future__ import annotations

from snake.directives.vars import Vars
from snake.plugin import Directive, Scope, Segment


def parse(line: Segment, scope: Scope) -> Vars:
    """Read a `log_skip` line."""
    del scope
    line.flag()
    if line.lines:
        line.no_block()
    return Vars(values={"log_skip": True})


directive = Directive("log_skip", parse)
