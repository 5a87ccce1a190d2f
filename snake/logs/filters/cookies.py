"""The filters cookie and set_cookie: headers with some of their cookies changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.config.struct import Config
from snake.core.modules import Context
from snake.logs.filters.actions import Action, Kind, read_actions
from snake.logs.filters.contract import Filter, FilterModule

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x20\x21\x23-\x3a\x3c-\x5b\x5d-\x7e]*")
_SPACE = " \t\r\n"
_QUOTED = 2


class CookieAction(Config):
    """What is done to the cookie of a name."""

    type: Kind
    name: str
    value: str = ""


class _CookieFilter(FilterModule, omit_defaults=False):
    """What both filters are told. Of several actions for one cookie the first counts."""

    actions: tuple[CookieAction, ...] | None = None

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `cookie { replace <name> <value>; hash <name>; delete <name> }`."""
        del guests
        actions = tuple(
            CookieAction(each.kind, each.name, each.value) for each in read_actions(line)
        )
        return cls(actions=actions or None)

    def by_name(self) -> dict[str, Action]:
        """Return the action for each cookie."""
        found: dict[str, Action] = {}
        for each in self.actions or ():
            found.setdefault(each.name, Action(each.type, each.name, each.value))
        return found


class Cookie(_CookieFilter):
    """The JSON of `caddy.logging.encoders.filter.cookie`, for the cookies of requests."""

    id = "caddy.logging.encoders.filter.cookie"

    async def provision(self, ctx: Context) -> Filter:
        """Return the filter."""
        del ctx
        actions = self.by_name()

        def apply(name: str, value: object) -> tuple[str, object]:
            if not isinstance(value, list | tuple):
                return name, value
            cookies = "; ".join(_changed(_cookies(value), actions))
            return name, [cookies] if cookies else []

        return apply


class SetCookie(_CookieFilter):
    """The JSON of `caddy.logging.encoders.filter.set_cookie`, for the cookies of responses."""

    id = "caddy.logging.encoders.filter.set_cookie"

    async def provision(self, ctx: Context) -> Filter:
        """Return the filter."""
        del ctx
        actions = self.by_name()

        def apply(name: str, value: object) -> tuple[str, object]:
            if not isinstance(value, list | tuple):
                return name, value
            changed = [_changed_line(str(line), actions) for line in value]
            return name, [line for line in changed if line is not None]

        return apply


class _Cookie(NamedTuple):
    name: str
    value: str
    quoted: bool


def _cookies(lines: Sequence[object]) -> Iterator[_Cookie]:
    """Yield the cookies in the lines of a request, without those that are malformed."""
    for line in lines:
        for part in str(line).split(";"):
            name, _, value = part.strip(_SPACE).partition("=")
            if cookie := _cookie(name, value):
                yield cookie


def _cookie(name: str, value: str) -> _Cookie | None:
    name = name.strip(_SPACE)
    quoted = len(value) >= _QUOTED and value[0] == value[-1] == '"'
    if quoted:
        value = value[1:-1]
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        return None
    return _Cookie(name, value, quoted)


def _changed(cookies: Iterable[_Cookie], actions: dict[str, Action]) -> Iterator[str]:
    for name, value, quoted in cookies:
        shown = actions[name].apply(value) if name in actions else value
        if shown is None:
            continue
        sent = "".join(_VALUE.findall(shown))
        quotes = '"' if sent and (quoted or " " in sent or "," in sent) else ""
        yield f"{name}={quotes}{sent}{quotes}"


def _changed_line(line: str, actions: dict[str, Action]) -> str | None:
    """Change the value in one `Set-Cookie`, and nothing of what comes after it."""
    head, semicolon, attributes = line.partition(";")
    written, equals, raw = head.partition("=")
    cookie = _cookie(written, raw.rstrip(_SPACE)) if equals else None
    if cookie is None or cookie.name not in actions:
        return line
    shown = actions[cookie.name].apply(cookie.value)
    if shown is None:
        return None
    bare = raw.strip()
    if cookie.quoted and len(bare) >= _QUOTED:
        shown = f'"{shown}"'
    before, after = raw[: len(raw) - len(raw.lstrip())], raw[len(raw.rstrip()) :]
    return f"{written}={before}{shown}{after}{semicolon}{attributes}"
