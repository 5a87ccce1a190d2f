"""Encoders: from a record to a line, as JSON or for people.

The fields, their names and their order are those of Caddy's zap encoders. A
record never makes more than one line out of what a client sent, and never
sends a terminal an escape sequence (CWE-117).
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, Self

import msgspec

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import subdirectives
from snake.core.modules import Context, Module
from snake.core.suggest import suggestion
from snake.logs import levels, times

STACK = "stacktrace"
"""The field that holds a traceback."""
CALLER = "caller"
"""The field that tells which line of code has logged."""

_LINE_BREAKING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNSAFE_IN_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_UNSAFE_IN_JSON = re.compile(b"\x7f|\xc2[\x80-\x9f]")


class Record(NamedTuple):
    """One thing to log."""

    level: int
    time: float
    """Seconds since 1970."""
    logger: str
    message: str
    fields: Mapping[str, object]


class Prepared(Mapping[str, object]):
    """Fields of a record that can tell their JSON sooner than a mapping can be made of them."""

    __slots__ = ()

    @abstractmethod
    def line(self, start: bytes, time: bytes, message: bytes) -> bytes:
        """Return the whole line of JSON, which begins with what is given; see `around_time`."""


class Encoder(ABC):
    """Turns records into lines."""

    @abstractmethod
    def encode(self, record: Record) -> bytes:
        """Return the whole line, with its end."""

    def with_default(self, default: Encoder) -> Encoder:
        """Return this encoder, and `default` in it where the config names none."""
        del default
        return self

    def without_time(self) -> Encoder:
        """Return this encoder for a place that knows the time of each line itself."""
        return self


class EncoderModule(Module):
    """The base of modules in `caddy.logging.encoders`."""

    async def provision(self, ctx: Context) -> Encoder:
        """Return the encoder."""
        encoder: Encoder = await super().provision(ctx)
        return encoder


class Look(NamedTuple):
    """How the values of a record are written."""

    time: times.Format = float
    style: Mapping[int, str] = levels.NAMES
    duration: times.Format | None = None
    end: str = "\n"

    def level(self, level: int) -> str:
        """Return a level as text."""
        return self.style.get(level) or levels.name(level)

    def fields(self, fields: Mapping[str, object]) -> dict[str, object]:
        """Return fields with a duration as it is to be."""
        found = dict(fields)
        if self.duration is not None and isinstance(taken := found.get(times.DURATION), float):
            found[times.DURATION] = self.duration(taken)
        return found


class _Keyed(EncoderModule):
    """What both encoders of our own can be told."""

    message_key: str | None = None
    level_key: str | None = None
    time_key: str | None = None
    name_key: str | None = None
    caller_key: str | None = None
    stacktrace_key: str | None = None
    line_ending: str | None = None
    time_format: str = ""
    time_local: bool = False
    duration_format: str = ""
    level_format: str = ""

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `json { … }` or `console { … }`; the last of each subdirective counts."""
        del guests
        if line.args:
            line.args[0].fail(f"{line.name} takes no argument, got {line.args[0]}")
        fields: dict[str, Any] = {}
        for sub in subdirectives(line, cls.__struct_fields__):
            if sub.name == "time_local":
                sub.none()
                fields[sub.name] = True
            else:
                fields[sub.name] = sub.only().text
        return cls(**fields)

    def _time(self, ctx: Context, default: str) -> times.Format:
        name = self.time_format or default
        found = times.formatter(name, local=self.time_local)
        if found is None:
            hint = suggestion(name, times.NAMES)
            raise ctx.at("time_format").fail(f'unknown time format "{name}"{hint}')
        return found

    def look(self, ctx: Context, time: str, level: str) -> Look:
        """Return how values are written; `time` and `level` are the usual formats."""
        self._check(ctx)
        return Look(
            self._time(ctx, time),
            _level_style(self.level_format or level),
            times.duration_formatter(self.duration_format),
            self.line_ending or "\n",
        )

    def keys(self) -> dict[str, str]:
        """Return the names that were chosen for what every record has."""
        keys = {
            "ts": self.time_key,
            "level": self.level_key,
            "logger": self.name_key,
            CALLER: self.caller_key,
            "msg": self.message_key,
            STACK: self.stacktrace_key,
        }
        return {own: given for own, given in keys.items() if given is not None}

    def _check(self, ctx: Context) -> None:
        if wrong := times.unknown_duration(self.duration_format):
            raise ctx.at("duration_format").fail(wrong)
        if self.level_format not in ("", "lower", "upper", "color"):
            hint = suggestion(self.level_format, ["lower", "upper", "color"])
            raise ctx.at("level_format").fail(f'unknown level format "{self.level_format}"{hint}')


class JSON(_Keyed):
    """The JSON of `caddy.logging.encoders.json`."""

    id = "caddy.logging.encoders.json"

    async def provision(self, ctx: Context) -> Encoder:
        """Return the encoder."""
        return JSONLines(self.look(ctx, "unix_seconds_float", "lower"), self.keys())


class Console(_Keyed):
    """The JSON of `caddy.logging.encoders.console`."""

    id = "caddy.logging.encoders.console"

    async def provision(self, ctx: Context) -> Encoder:
        """Return the encoder."""
        hidden = frozenset(own for own, given in self.keys().items() if not given)
        return ConsoleLines(self.look(ctx, "wall_milli", "color"), hidden)


LEVEL_COLORS = {"debug": 35, "info": 34, "warn": 33, "error": 31, "fatal": 31}
"""zap's colours, as ANSI numbers."""


def _level_style(style: str) -> dict[int, str]:
    """Return how each level is written: `info`, `INFO`, or blue `INFO` (zap's colours)."""
    if style == "lower":
        return levels.NAMES
    if style == "upper":
        return {number: name.upper() for number, name in levels.NAMES.items()}
    return {
        number: f"\x1b[{LEVEL_COLORS[name]}m{name.upper()}\x1b[0m"
        for number, name in levels.NAMES.items()
    }


class JSONLines(Encoder):
    """One JSON object a line: level, ts, logger, caller, msg, then the fields.

    `keys` renames those five and `stacktrace`; an empty name leaves one out.
    """

    def __init__(self, look: Look | None = None, keys: Mapping[str, str] | None = None) -> None:
        keys = keys or {}
        self._level, self._ts, self._logger, self._caller, self._msg, self._stack = (
            keys.get(own, own) for own in ("level", "ts", "logger", CALLER, "msg", STACK)
        )
        self._look = look or Look()
        self.is_default = not keys and self._look == Look()

    def encode(self, record: Record) -> bytes:
        """Return the whole line, with its end."""
        level, time, logger, message, fields = record
        if self.is_default and (isinstance(fields, Prepared) or CALLER not in fields):
            return _default_line(record)
        rest = self._look.fields(fields)
        line: dict[str, object] = {
            self._level: self._look.level(level),
            self._ts: self._look.time(time),
        }
        if logger:
            line[self._logger] = logger
        if CALLER in rest:
            line[self._caller] = rest.pop(CALLER)
        line[self._msg] = message
        line.update(rest)
        if self._stack != STACK and STACK in line:
            line[self._stack] = line.pop(STACK)
        line.pop("", None)
        return to_json(line) + self._look.end.encode()


class ConsoleLines(Encoder):
    """Time, level, logger and message between tabs, then the fields as JSON, then a traceback.

    `hidden` has those of `ts`, `level`, `logger`, `caller`, `msg` and `stacktrace` that are left
    out.
    """

    def __init__(self, look: Look, hidden: frozenset[str] = frozenset()) -> None:
        self._look = look
        self._hidden = hidden

    def encode(self, record: Record) -> bytes:
        """Return the whole line, with its end."""
        level, time, logger, message, fields = record
        rest = self._look.fields(fields)
        shown = {
            "ts": str(self._look.time(time)),
            "level": self._look.level(level),
            "logger": one_line(logger),
            CALLER: one_line(str(rest.pop(CALLER, ""))),
            "msg": one_line(message),
        }
        parts = [
            text
            for name, text in shown.items()
            if name not in self._hidden and (text or name not in ("logger", CALLER))
        ]
        stack = rest.pop(STACK, None)
        if rest:
            parts.append(one_line(json.dumps(rest, ensure_ascii=False, default=plain)))
        text = "\t".join(parts)
        if stack is not None and STACK not in self._hidden:
            text += "\n" + readable(str(stack))
        return f"{text}{self._look.end}".encode("utf-8", "backslashreplace")

    def without_time(self) -> Encoder:
        """Return this encoder without the time in its lines."""
        return ConsoleLines(self._look, self._hidden | {"ts"})


def readable(text: str) -> str:
    """Return text of several lines with nothing in it that moves a terminal's cursor."""
    return _UNSAFE_IN_TEXT.sub(_escape, text).rstrip()


def one_line(text: str) -> str:
    """Return text that stays on its line."""
    return text if text.isprintable() else _LINE_BREAKING.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _default_line(record: Record) -> bytes:
    """Return the line in the form that access logs are nearly always in, at half the cost."""
    level, time, logger, message, fields = record
    before, after = around_time(level, logger, message)
    if isinstance(fields, Prepared):
        return fields.line(before, number(time), after)
    rest = b"," + to_json(fields)[1:] if fields else b"}"
    return b"%b%b%b%b\n" % (before, number(time), after, rest)


def is_default(encoder: Encoder) -> bool:
    """Tell whether an encoder makes JSON lines in the usual form."""
    return isinstance(encoder, JSONLines) and encoder.is_default


@lru_cache(maxsize=256)
def around_time(level: int, logger: str, message: str) -> tuple[bytes, bytes]:
    """Return what stands before and after the time; most records share it with many others."""
    names = {"logger": logger, "msg": message} if logger else {"msg": message}
    return b'{"level":"%b","ts":' % levels.name(level).encode(), b"," + to_json(names)[1:-1]


def to_json(line: object) -> bytes:
    """Return JSON of a value, whatever it is, on one line."""
    try:
        data = _encoder.encode(line)
    except (TypeError, ValueError, RecursionError):
        # A lone surrogate, a key that is no text: rare, and no reason to lose the record.
        text = json.dumps(
            line, default=plain, skipkeys=True, ensure_ascii=False, separators=(",", ":")
        )
        text = _SURROGATE.sub(r"\\ufffd", text)
        data = text.replace("\u2028", r"\u2028").replace("\u2029", r"\u2029").encode()
    if data.isascii() and b"\x7f" not in data:
        return data
    return _UNSAFE_IN_JSON.sub(lambda match: b"\\u%04x" % match[0][-1], data)


def plain(value: object) -> object:
    """Return something JSON has for a value it does not have."""
    if isinstance(value, bytes | bytearray):
        return value.decode("utf-8", "backslashreplace")
    return str(value)


_SURROGATE = re.compile("[\ud800-\udfff]")
"""What stands for a byte that is not UTF-8. JSON has no such character."""
_encoder = msgspec.json.Encoder(enc_hook=plain)
number: Callable[[float], bytes] = _encoder.encode
"""Returns JSON of a number: a `repr` takes ten times as long."""
