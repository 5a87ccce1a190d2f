"""fs: which file system files are read from.

Syntax::

    fs [<matcher>] <name>

The name is one of those that the option `filesystem` gives; `default` is the disk. It
sets the variable `fs`, which `file_server` and the `file` matcher use.
"""

from __future__ import annotations

from snake.directives.vars import Vars
from snake.plugin import Directive, Scope, Segment, Words, warn_of_rest


def parse(line: Segment, scope: Scope) -> Vars:
    """Read an `fs` line."""
    words = Words(line)
    name = words.only("one name of a file system").text
    warn_of_rest(words, scope)
    return Vars(values={"fs": name})


directive = Directive("fs", parse)
