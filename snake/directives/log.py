"""log: write an access log for the site.

Syntax::

    log [<name>] {
        hostnames <names...>
        no_hostname
        output stdout | stderr | discard
        output file <path> {
            mode     <octal>
            dir_mode <octal>
            roll_disabled
        }
        format json | console {
            message_key | level_key | time_key | name_key | stacktrace_key <name>
            line_ending  <text>
            time_format  <format>
            time_local
            level_format lower | upper | color
        }
        level <level>
    }

Without settings, requests go to the default log, as `http.log.access` and a name
if one is given. With settings the log is one of its own, for this site alone.
`hostnames` says for which hosts instead of the site's, `no_hostname` for none of
them by itself. Files are not rolled; use logrotate with `copytruncate`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from msgspec import Raw

from snake.core.suggest import suggestion
from snake.core.unavailable import unavailable
from snake.core.units import UnitError, duration, size
from snake.logs.encoders import JSON, Console
from snake.logs.writers import Discard, File, Stderr, Stdout
from snake.plugin import Directive, Log, LogValue, MatcherArg, Module, Scope, Segment, to_json

PLAIN_WRITERS: Mapping[str, type[Module]] = {
    "stdout": Stdout,
    "stderr": Stderr,
    "discard": Discard,
}
ENCODERS: Mapping[str, type[Module]] = {"json": JSON, "console": Console}
SUBDIRECTIVES = ("hostnames", "no_hostname", "output", "format", "level")


def parse(line: Segment, scope: Scope) -> LogValue:
    """Read a `log` line or block."""
    del scope
    if len(line.args) > 1:
        line.args[1].fail("log takes one name at most")
    hostnames = [name for sub in line.lines if sub.name == "hostnames" for name in _some(sub)]
    rest = tuple(_known(sub) for sub in line.lines if sub.name != "hostnames")
    fields = Segment(line.words, rest).fields_once(
        {"no_hostname": Segment.flag, "output": _output, "format": _format, "level": Segment.arg}
    )
    no_hostname = bool(fields.pop("no_hostname", False))
    log = Log(
        writer=fields.get("output"),  # type: ignore[arg-type]
        encoder=fields.get("format"),  # type: ignore[arg-type]
        level=str(fields.get("level", "")),
    )
    return LogValue("".join(line.texts), log if fields else None, tuple(hostnames), no_hostname)


def _some(line: Segment) -> list[str]:
    if not line.args:
        line.fail("hostnames takes the names of hosts")
    return line.texts


def _known(line: Segment) -> Segment:
    if line.name not in SUBDIRECTIVES:
        line.fail(
            f"log: {line.name} is not available{suggestion(line.name, SUBDIRECTIVES)}",
            f"log knows: {', '.join(SUBDIRECTIVES)}",
        )
    return line


def _output(line: Segment) -> Raw:
    writer: Module
    match line.texts:
        case [kind] if kind in PLAIN_WRITERS:
            line.no_block()
            writer = PLAIN_WRITERS[kind]()
        case ["file", path]:
            writer = File(filename=path, **_file(line))  # type: ignore[arg-type]
        case [kind, *rest] if kind in (*PLAIN_WRITERS, "file"):
            excess = line.args[2 if kind == "file" else 1] if rest else line.args[0]
            excess.fail(f"output {kind} is given the wrong number of arguments", OUTPUTS)
        case [kind, *_]:
            hint = suggestion(kind, [*PLAIN_WRITERS, "file"])
            wrong = f'unknown log output "{kind}"{hint}'
            line.args[0].fail(unavailable("log output", kind) or wrong, OUTPUTS)
        case _:
            line.fail("output takes the place to write to", OUTPUTS)
    return to_json(writer, "output")


OUTPUTS = "output stdout | stderr | discard | file <path>"


def _file(line: Segment) -> dict[str, object]:
    """Read the block of `output file`; some words mean a field of another name."""
    fields = line.fields_once(
        {
            "mode": _mode,
            "dir_mode": _dir_mode,
            "roll_disabled": lambda each: not each.flag(),
            "roll_uncompressed": lambda each: not each.flag(),
            "roll_compression": Segment.arg,
            "roll_local_time": Segment.flag,
            "roll_size": lambda each: math.ceil(_unit(each, size) / (1 << 20)),
            "roll_interval": lambda each: _unit(each, duration),
            "roll_keep": _count,
            "roll_keep_for": lambda each: math.ceil(_unit(each, duration) / duration("1d")),
            "backup_time_format": Segment.arg,
        }
    )
    return {FIELDS.get(name, name): value for name, value in fields.items()}


FIELDS = {
    "roll_disabled": "roll",
    "roll_uncompressed": "roll_gzip",
    "roll_size": "roll_size_mb",
    "roll_keep_for": "roll_keep_days",
}
"""Subdirectives whose JSON field has another name."""


def _mode(line: Segment) -> str:
    try:
        return f"0{int(line.arg(), 8):o}"
    except ValueError:
        line.args[0].fail(f"{line.name}: {line.args[0]} is no octal mode, like 0640")


def _dir_mode(line: Segment) -> str:
    mode = line.arg()
    if mode.lower() not in ("inherit", "from_file"):
        _mode(line)
    return mode


def _count(line: Segment) -> int:
    text = line.arg()
    if not text.isdecimal():
        line.args[0].fail(f"{line.name} takes a whole number, got {text}")
    return int(text)


def _unit(line: Segment, read: Callable[[str], int]) -> int:
    try:
        return read(line.arg())
    except UnitError as error:
        line.args[0].fail(f"{line.name}: {error}")


def _format(line: Segment) -> Raw:
    kind = line.arg()
    if kind not in ENCODERS:
        wrong = f'unknown log format "{kind}"{suggestion(kind, ENCODERS)}'
        line.args[0].fail(unavailable("log format", kind) or wrong, FORMATS)
    encoder = ENCODERS[kind]
    readers: dict[str, Callable[[Segment], object]]
    readers = dict.fromkeys(encoder.__struct_fields__, Segment.arg)
    fields = line.fields_once({**readers, "time_local": Segment.flag})
    return to_json(encoder(**fields), "format")


FORMATS = "format json | console"

directive = Directive("log", parse, matcher=MatcherArg.NONE)
