"""log_append: add a field to the access log.

Syntax::

    log_append [<matcher>] [<]<field> <value>

The value is text, a placeholder, or the name of a variable (`vars`). It is read after
the response is made; with `<` before the field's name, before that.
"""

from __future__ import annotations

from snake.plugin import Directive, HandlerModule, Scope, Segment, Words, warn_of_rest


class LogAppend(HandlerModule):
    """The JSON of `http.handlers.log_append`."""

    id = "http.handlers.log_append"

    key: str = ""
    value: str = ""
    early: bool = False


def parse(line: Segment, scope: Scope) -> LogAppend:
    """Read a `log_append` line."""
    words = Words(line)
    key = words.take("a field and a value").text
    value = words.take("a value after the field").text
    warn_of_rest(words, scope)
    early = key.startswith("<") and key != "<"
    return LogAppend(key=key[early:], value=value, early=early)


directive = Directive("log_append", parse)
