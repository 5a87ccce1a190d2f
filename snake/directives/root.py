"""root: set the folder that files are served from and looked for in.

Syntax::

    root [<matcher>] <path>

It sets the variable `root`, which `file_server`, `try_files` and the `file`
matcher use. Of several only the first that matches counts, the most specific
one. A lone argument is the path, even if it begins with a slash.
"""

from __future__ import annotations

from snake.directives.vars import Vars
from snake.plugin import (
    Directive,
    MatcherArg,
    MatcherSet,
    RouteValue,
    Scope,
    Segment,
    Words,
    warn_of_rest,
)


def parse(line: Segment, scope: Scope) -> RouteValue:
    """Read a `root` line."""
    if len(line.args) not in (1, 2):
        (line.args or line.words)[-1].fail("root takes one path, and a matcher before it perhaps")
    match: tuple[MatcherSet, ...] = ()
    if len(line.args) > 1:
        match, line = scope.match(line)
    words = Words(line)
    word = words.take()
    warn_of_rest(words, scope)
    return RouteValue((Vars(values={"root": word.text}),), match, group="root")


directive = Directive("root", parse, matcher=MatcherArg.OWN)
