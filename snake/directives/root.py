"""root: set the folder that files are served from and looked for in.

Syntax::

    root [<matcher>] <path>

It sets the variable `root`, which `file_server`, `try_files` and the `file`
matcher use. Of several only the first that matches counts, the most specific
one. A lone argument is the path, even if it begins with a slash.
"""

from __future__ import annotations

from snake.directives.vars import Vars
from snake.plugin import Directive, MatcherArg, MatcherSet, RouteValue, Scope, Segment


def parse(line: Segment, scope: Scope) -> RouteValue:
    """Read a `root` line."""
    line.no_block()
    match: tuple[MatcherSet, ...] = ()
    if len(line.args) > 1:
        match, line = scope.match(line)
    return RouteValue((Vars(values={"root": line.arg()}),), match, group="root")


directive = Directive("root", parse, matcher=MatcherArg.OWN)
