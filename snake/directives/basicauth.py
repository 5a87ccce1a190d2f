"""basicauth: the old name of `basic_auth`.

Syntax::

    basicauth [<matcher>] [bcrypt | argon2id] [<realm>] {
        <user name> <hash of the password>
    }
"""

from __future__ import annotations

from snake.directives import basic_auth
from snake.directives.basic_auth import Authentication
from snake.plugin import Directive, Scope, Segment


def parse(line: Segment, scope: Scope) -> Authentication:
    """Read a `basicauth` line."""
    scope.warn(
        line.words[0], "the 'basicauth' directive is deprecated, please use 'basic_auth' instead!"
    )
    return basic_auth.parse(line, scope)


directive = Directive("basicauth", parse)
