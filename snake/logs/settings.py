"""Settings: what the block of `log` says, in a site and among the global options."""

from __future__ import annotations

from typing import Any

from msgspec import Raw
from msgspec.structs import replace

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words, subdirectives
from snake.config.logging import Log, Sampling
from snake.core.modules import Module, to_json
from snake.core.numbers import integer
from snake.core.record import Record
from snake.core.units import duration
from snake.logs.writers import Discard, Stderr, Stdout

_PLAIN: dict[str, type[Module]] = {"stdout": Stdout, "stderr": Stderr, "discard": Discard}
"""Writers that there is nothing to tell."""

_SITES_OWN = ("hostnames",)
_OPTIONS_OWN = ("include", "exclude")
_LISTS = (*_SITES_OWN, *_OPTIONS_OWN)
"""What may be given more than once, and adds up."""


class Settings(Record):
    """What one `log` says."""

    name: str
    """The name that it gives; empty for none."""
    log: Log | None
    """How its log is; `None` when it says nothing of that."""
    hostnames: tuple[str, ...] = ()
    no_hostname: bool = False


def read_settings(line: Segment, guests: Guests, *, is_option: bool) -> Settings:
    """Read `log [<name>] { … }`."""
    if len(line.args) > 1:
        line.args[1].fail(f"log takes one name at most, got {line.args[1]}")
    lists: dict[str, list[str]] = {name: [] for name in _LISTS}
    fields: dict[str, Any] = {}
    for sub in subdirectives(line, _SUBDIRECTIVES):
        if sub.name in (_SITES_OWN if is_option else _OPTIONS_OWN):
            here = "global option" if is_option else "directive"
            sub.token.fail(f"{sub.name} is not allowed in the {here} log")
        if sub.name in lists:
            words = sub.some("the names of hosts") if sub.name == "hostnames" else sub.all()
            lists[sub.name] += [word.text for word in words]
            continue
        if sub.name in fields:
            sub.token.fail(f"'{sub.name}' is given more than once in the same log block")
        fields[sub.name] = _read(sub, guests)
    log = Log(
        writer=fields.get("output"),
        encoder=fields.get("format"),
        core=fields.get("core"),
        level=fields.get("level", ""),
        sampling=fields.get("sampling"),
        include=tuple(lists["include"]),
        exclude=tuple(lists["exclude"]),
    )
    return Settings(
        name="".join(line.texts),
        log=None if log == Log() else log,
        hostnames=tuple(lists["hostnames"]),
        no_hostname="no_hostname" in fields,
    )


_SUBDIRECTIVES = (
    *("hostnames", "no_hostname", "output", "format", "level"),
    *("sampling", "core", "include", "exclude"),
)


def _read(sub: Words, guests: Guests) -> object:
    match sub.name:
        case "output":
            return _output(sub, guests)
        case "format":
            return guests.json(sub.guest(), "caddy.logging.encoders", "format")
        case "core":
            return guests.json(sub.guest(), "caddy.logging.cores", "module")
        case "sampling":
            return _sampling(sub.rest())
        case "level":
            return sub.only().text
        case _:
            sub.none()
            return True


def _output(sub: Words, guests: Guests) -> Raw:
    """Read what comes after `output`; of the plain writers, the line may go on after the name."""
    token = sub.take("the place to write to")
    if token.text in _PLAIN:
        return to_json(_PLAIN[token.text](), "output")
    rest = sub.rest()
    line = replace(rest, words=(token, *rest.args))
    return guests.json(line, "caddy.logging.writers", "output")


def _sampling(line: Segment) -> Sampling:
    """Read the block of `sampling`; what stands on its own line means nothing."""
    fields: dict[str, int] = {}
    for sub in subdirectives(line, ("interval", "first", "thereafter")):
        if sub.name in fields:
            sub.token.fail(f"'{sub.name}' is given more than once in the same sampling block")
        token = sub.take()
        fields[sub.name] = sub.read(token, duration if sub.name == "interval" else integer)
    return Sampling(**fields)
