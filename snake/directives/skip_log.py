"""skip_log: the old name of `log_skip`.

Syntax::

    skip_log [<matcher>]
"""

from __future__ import annotations

from snake.directives import log_skip
from snake.directives.vars import Vars
from snake.plugin import Directive, Scope, Segment


def parse(line: Segment, scope: Scope) -> Vars:
    """Read a `skip_log` line."""
    scope.warn(
        line.words[0], "the 'skip_log' directive is deprecated, please use 'log_skip' instead!"
    )
    return log_skip.parse(line, scope)


directive = Directive("skip_log", parse)
