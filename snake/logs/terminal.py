"""The console of a terminal, unless the configuration says otherwise: lines to be read at a glance.

A request is its status, what was asked, and what it took. Everything else is
level, message and `name=value`. Where the records are to be worked on by
programs, they are JSON (`snake.logs.encoders`).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from datetime import datetime

from snake.logs import levels
from snake.logs.encoders import LEVEL_COLORS, STACK, Encoder, Record, one_line, plain, readable

ACCESS = "handled request"
"""The message of an access record, as in Caddy."""

_COLOR = re.compile("\x1b\\[[0-9]+m")
_DIM = "\x1b[2m"
_BOLD = "\x1b[1m"
_END = "\x1b[0m"
_STATUS_COLORS = {2: 32, 3: 36, 4: 33, 5: 31}
_KILO = 1000


class TerminalLines(Encoder):
    """Lines for a person, coloured unless `NO_COLOR` is set (https://no-color.org)."""

    def __init__(self) -> None:
        self._is_colored = not os.environ.get("NO_COLOR")

    def encode(self, record: Record) -> bytes:
        """Return the whole line, with its end."""
        level, time, logger, message, fields = record
        request = fields.get("request")
        if message == ACCESS and isinstance(request, dict):
            parts = _access(request, fields)
        else:
            parts = [_colored(f"{levels.name(level).upper():5}", LEVEL_COLORS[levels.name(level)])]
            parts += [f"{_DIM}{one_line(logger)}{_END}"] if logger else []
            parts += [f"{_BOLD}{one_line(message)}{_END}", *_pairs(fields)]
        clock = datetime.fromtimestamp(time).astimezone().strftime("%H:%M:%S.%f")[:-3]
        text = " ".join([f"{_DIM}{clock}{_END}", *parts])
        if not self._is_colored:
            text = _COLOR.sub("", text)
        stack = fields.get(STACK)
        if stack is not None:
            text += "\n" + readable(str(stack))
        return f"{text}\n".encode("utf-8", "backslashreplace")


def _access(request: Mapping[str, object], fields: Mapping[str, object]) -> list[str]:
    status = fields.get("status")
    number = status if isinstance(status, int) else 0
    url = one_line(f"{request.get('host')}{request.get('uri')}")
    return [
        _colored(f"{number or '---':<5}", _STATUS_COLORS.get(number // 100, 31)),
        f"{_BOLD}{one_line(str(request.get('method')))}{_END}",
        url,
        f"{_DIM}{_size(fields.get('size'))} in {_time(fields.get('duration'))}",
        f"to {one_line(str(request.get('remote_ip')))}{_END}",
    ]


def _pairs(fields: Mapping[str, object]) -> list[str]:
    return [
        f"{_DIM}{one_line(name)}={_END}{one_line(_text(value))}"
        for name, value in fields.items()
        if name != STACK
    ]


def _text(value: object) -> str:
    if isinstance(value, str):
        return value if value and " " not in value else json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False, default=plain)


def _size(size: object) -> str:
    number = float(size) if isinstance(size, int) else 0.0
    for unit in ("B", "kB", "MB"):
        if number < _KILO:
            return f"{number:.3g} {unit}"
        number /= _KILO
    return f"{number:.3g} GB"


def _time(seconds: object) -> str:
    number = seconds if isinstance(seconds, float) else 0.0
    return f"{number * _KILO:.3g} ms" if number < 1 else f"{number:.3g} s"


def _colored(text: str, color: int) -> str:
    return f"\x1b[{color}m{text}{_END}"
