"""Notes: what a process of a pool logs goes into the supervisor's log."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import suppress

from snake.fork.channel import Note
from snake.fork.voice import Voice

_LONGEST = 100_000
"""Characters of a record that are passed on, and of its fields."""


class Notes(logging.Handler):
    """Hands log records of this process to the supervisor."""

    def __init__(self, voice: Voice) -> None:
        super().__init__()
        self._voice = voice

    def emit(self, record: logging.LogRecord) -> None:
        """Send one; if the supervisor does not listen, it goes to stderr."""
        text = self.format(record)[:_LONGEST]
        fields = json.dumps(getattr(record, "fields", {}), default=str)
        try:
            self._voice.send(
                Note(record.levelno, text, fields if len(fields) <= _LONGEST else "{}")
            )
        except OSError:
            with suppress(OSError):
                sys.stderr.write(text + "\n")
