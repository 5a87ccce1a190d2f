"""Hearing: what a pool's processes say for the log, which may be anything an app can write."""

from __future__ import annotations

import json
import logging
from time import monotonic

from snake.fork.channel import Message, Note

app_log = logging.getLogger("snake.python")
logger = logging.getLogger("snake")

_OWN = frozenset({"level", "ts", "logger", "msg", "app"})
"""Names of a record that are the server's to give: twice in one line, the last would count."""
_RATE = 1024**2
"""Characters a second that an isolated app may have logged. One whose users own it has no limit."""


class Hearing:
    """Logs the notes of one app's processes."""

    def __init__(self, name: str, *, isolated: bool) -> None:
        self._name = name
        self._isolated = isolated
        self._since, self._said, self._left_out = 0.0, 0, 0

    def hear(self, message: Message) -> None:
        """Take what a process says."""
        if isinstance(message, Note) and self._may_say(len(message.text) + len(message.fields)):
            level = min(max(message.level, logging.DEBUG), logging.ERROR)
            told = {**_fields(message.fields), "app": self._name}
            app_log.log(level, message.text, extra={"fields": told})

    def _may_say(self, length: int) -> bool:
        if not self._isolated:
            return True
        now = monotonic()
        if now - self._since >= 1:
            self._since, self._said = now, 0
            if self._left_out:
                fields = {"app": self._name, "records": self._left_out}
                logger.warning("an app logs too much; some was left out", extra={"fields": fields})
                self._left_out = 0
        self._said += length
        if self._said > _RATE:
            self._left_out += 1
        return self._said <= _RATE


def _fields(text: str) -> dict[str, object]:
    """Return what a process says belongs to its note. It may say anything."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if name not in _OWN}
