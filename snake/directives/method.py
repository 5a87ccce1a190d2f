"""method: change the method of the request, as if the client had used another.

Syntax::

    method [<matcher>] <method>

It is written in upper case, whatever it is given in. Placeholders work; what the
client sent is `{orig_method}`.
"""

from __future__ import annotations

from snake.directives.rewrite import Rewrite
from snake.plugin import Directive, Scope, Segment, Words, warn_of_rest


def parse(line: Segment, scope: Scope) -> Rewrite:
    """Read a `method` line."""
    words = Words(line)
    method = words.only("one method").text
    warn_of_rest(words, scope)
    return Rewrite(method=method)


directive = Directive("method", parse)
