"""log: a log of its own, or with no name the default one.

Syntax::

    log [<name>] {
        output   <writer> ...
        format   <encoder> ...
        level    <level>
        include  <loggers...>
        exclude  <loggers...>
        sampling {
            interval   <duration>
            first      <number>
            thereafter <number>
        }
        core     <core> ...
    }

Writers and encoders are those of the directive `log`. A log takes the records of the
loggers that `include` names, without it of all, and not of those that `exclude` names;
`http` stands for `http.log` too. May be given more than once, each time with another name.
"""

from __future__ import annotations

from snake.logs.settings import read_settings
from snake.plugin import Guests, LogValue, Option, Segment

_DEFAULT = "default"


def _parse(
    line: Segment, earlier: tuple[LogValue, ...] | None, guests: Guests
) -> tuple[LogValue, ...]:
    settings = read_settings(line, guests, is_option=True)
    name = settings.name if line.args else _DEFAULT
    if any(each.name == name for each in earlier or ()):
        word = line.args[0] if line.args else line.words[0]
        word.fail(f"duplicate global log option for: {name}")
    return (*(earlier or ()), LogValue(name, settings.log))


log = Option("log", _parse)
