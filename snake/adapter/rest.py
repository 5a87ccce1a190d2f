"""Rest: what a directive leaves unread on its line."""

from __future__ import annotations

from snake.adapter.directive import Scope
from snake.caddyfile.words import Words


def warn_of_rest(words: Words, scope: Scope) -> None:
    """Warn of arguments, or of a block, that nobody reads: Caddy accepts them and so do we."""
    rest = words.rest()
    if rest.args:
        scope.warn(rest.args[0], f"{words.name}: {rest.args[0]} and what follows is ignored")
    elif rest.block:
        scope.warn(
            words.token, f"{words.name}: it takes no block, and what stands there is ignored"
        )
