"""The errors a user of snake can cause, all of them `SnakeError`."""

from __future__ import annotations


class SnakeError(Exception):
    """The base of every error whose message is written for the user.

    The command line prints it without a traceback and exits with 1. Anything
    else that reaches the top is a bug in snake.
    """


class DocumentError(SnakeError):
    """The base of what can be wrong with a JSON document.

    `path` is the place in the document as Caddy's admin API writes it, e.g.
    `apps/http/servers/srv0/routes/0/handle/0`; empty when it is not known.
    """

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.message = message
        self.path = path


class ConfigError(DocumentError):
    """The document is wrong: an unknown module or field, or a value that a module refuses."""


class StartError(DocumentError):
    """The document is right but cannot run here: a port in use, a broken app."""
