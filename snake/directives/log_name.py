"""log_name: which loggers write the access log of a request, instead of those of its host.

Syntax::

    log_name [<matcher>] <name...>

A name is that of a `log` directive. It sets the variable `access_logger_names`.
"""

from __future__ import annotations

from snake.directives.vars import Vars
from snake.plugin import Directive, Scope, Segment, Words, warn_of_rest


def parse(line: Segment, scope: Scope) -> Vars:
    """Read a `log_name` line."""
    words = Words(line)
    names = [word.text for word in words.all()]
    if not names:
        scope.warn(line.words[0], "log_name without a name does nothing")
    warn_of_rest(words, scope)
    return Vars(values={"access_logger_names": names or None})


directive = Directive("log_name", parse)
