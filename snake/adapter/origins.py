"""Origins: where in the Caddyfile the parts of a document were written.

A fault that shows only when a document comes to life has a JSON path, which
the author of a Caddyfile never wrote. Parts are known here by their JSON, keys
sorted, and not by their path: routes are sorted, wrapped and merged long after
a directive has made its modules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from snake.adapter.directive import (
    ErrorRouteValue,
    LiteralValue,
    LogValue,
    MatcherSet,
    RoutesValue,
    RouteValue,
    TLSValue,
    Value,
)
from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.segments import Segment, quoted_word
from snake.config.document import Document, encode
from snake.config.http import Server
from snake.core.errors import DocumentError
from snake.core.modules import name_of, to_json
from snake.core.numbers import encode_number
from snake.core.record import Record

_SETTINGS = msgspec.Raw(b'"settings"')
"""Stands for the part of those lines that make no part alone."""
_OPTIONS = {
    "apps/http/http_port": ("http_port",),
    "apps/http/https_port": ("https_port",),
    "apps/pki": ("pki",),
    "apps/tls": (),
    "apps/tls/automation/on_demand": ("on_demand_tls",),
    "apps/tls/dns": ("dns",),
    "apps/tls/encrypted_client_hello": ("ech",),
    "apps/tls/resolvers": ("tls_resolvers",),
    "storage": ("storage",),
}
"""Where a document has what is said in global options, and their names."""
_TELLING = 3
"""How long a word must be to mean something where it stands in a message without quotes."""


class Origin(Record):
    """One part of the document, and the lines that made it."""

    part: msgspec.Raw
    lines: tuple[Segment, ...]


class Origins:
    """Collects the origins of one adaptation."""

    def __init__(self, files: list[str] | None = None) -> None:
        self.files: list[str] = [] if files is None else files
        """What is imported: paths, some of them with wildcards."""
        self._lines: dict[bytes, tuple[Segment, ...]] = {}
        self._settings: list[Segment] = []
        """Lines that many parts are made of, none of them alone: `tls`, and global options."""

    def add_values(self, values: Sequence[Value], line: Segment) -> None:
        """Note what one line yields: handlers, the matchers of its own, the parts of a log."""
        for value in values:
            for part in _parts(value):
                self._add(part, [line])
            if isinstance(value, TLSValue):
                self._settings.append(line)

    def add_options(self, lines: Sequence[Segment]) -> None:
        """Note the global options."""
        self._settings += lines

    def add_matcher(self, name: str, value: msgspec.Raw, lines: Sequence[Segment]) -> None:
        """Note a matcher, which is known together with its name."""
        self._add(_canonical({name: value}), lines)

    def add_server(self, server: Server, lines: Sequence[Segment]) -> None:
        """Note a server; it was made by the addresses of its sites, and by an option perhaps."""
        self._add(_canonical(server), lines)

    def _add(self, part: bytes, lines: Sequence[Segment]) -> None:
        self._lines.setdefault(part, tuple(lines))

    def encode(self) -> msgspec.Raw:
        """Return all of them as JSON, to take along with the document."""
        found = [Origin(msgspec.Raw(part), lines) for part, lines in self._lines.items()]
        found.append(Origin(_SETTINGS, tuple(self._settings)))
        return msgspec.Raw(msgspec.json.encode(found))


def place(
    error: DocumentError, document: Document, origins: msgspec.Raw
) -> DocumentError | CaddyfileError:
    """Return the error with its place in the Caddyfile, or as it is when that is not known.

    The innermost part around the fault that has an origin tells.
    """
    lines = {
        bytes(origin.part): origin.lines
        for origin in msgspec.json.decode(origins, type=list[Origin])
    }
    steps = error.path.split("/")
    for depth, part in reversed(list(enumerate(_way(document, steps), 1))):
        for known in (part, {steps[depth - 1]: part}):
            if found := lines.get(_canonical(known)):
                return _at(error, found, steps[depth:])
    setting = _setting(error, lines.get(bytes(_SETTINGS), ()))
    return error if setting is None else _at(error, [setting], steps)


def _setting(error: DocumentError, lines: Sequence[Segment]) -> Segment | None:
    """Return the line that a fault of certificates comes from, as far as it shows."""
    places = [place for place in _OPTIONS if f"{error.path}/".startswith(f"{place}/")]
    if not places:
        return None
    message = error.message.replace("on-demand", "on_demand")
    for line in lines:
        words = list(line.all_words())
        if quoted_word(words, message) or any(_mentions(message, word.text) for word in words):
            return line
    names = _OPTIONS[max(places, key=len)]
    return next((line for line in lines if line.name in names), None)


def _way(document: Document, steps: Sequence[str]) -> Iterator[object]:
    """Yield the parts of a document on the way down its path, as far as they exist."""
    part = msgspec.json.decode(encode(document))
    for step in steps:
        try:
            part = part[int(step)] if isinstance(part, list) else part[step]
        except (LookupError, TypeError, ValueError):
            return
        yield part


def _at(error: DocumentError, lines: Sequence[Segment], rest: Sequence[str]) -> CaddyfileError:
    """Return the error at the word that it is about, as far as that shows, or at the first."""
    # A traceback of the app comes after the place.
    message, _, more = error.message.partition("\n")
    named = {*rest, *re.findall(r"[\w.-]+", message)}
    inner = [sub for line in lines for sub in line.lines if sub.name in named]
    words = [word for line in inner or lines for word in line.all_words()]
    fields = (word for step in reversed(rest) for word in words if word.text == step)
    mentioned = [word for word in words[1:] if _mentions(message, word.text)]
    found = quoted_word(words, message) or next(fields, None)
    found = found or max(mentioned, key=lambda word: len(word.text), default=words[0])
    return found.error(message, more)


def _mentions(message: str, word: str) -> bool:
    if word.startswith("/") and f"{word}/" in message:  # something in a folder
        return True
    return len(word) >= _TELLING and bool(
        re.search(rf"(?<!\S){re.escape(word)}(?=[\s:;,]|\Z)", message)
    )


def _parts(value: Value) -> Iterator[bytes]:
    match value:
        case RouteValue(handlers, match):
            # What is in a subroute has origins of its own.
            yield from (
                bytes(to_json(h, "handler")) for h in handlers if name_of(type(h)) != "subroute"
            )
            yield from _matchers(match)
        case LiteralValue(literal):
            for each in literal:
                yield from map(bytes, each.handle)
                yield from _matchers(each.match)
        case ErrorRouteValue(_, match):
            yield from _matchers(match)
        case LogValue(log=log) if log:
            yield from (bytes(part) for part in (log.writer, log.encoder) if part)
            yield _canonical({"level": log.level})
        case RoutesValue(routes):
            for route in routes:
                yield from _parts(route)
        case TLSValue():
            yield from _parts_of_tls(value)


def _parts_of_tls(value: TLSValue) -> Iterator[bytes]:
    yield from (_canonical(to_json(issuer, "module")) for issuer in value.issuers)
    yield from map(_canonical, value.managers)
    for loaded in value.loaded:
        yield from map(_canonical, loaded.items)
    for name in ("key_type", "renewal_window_ratio"):
        if given := getattr(value, name):
            yield _canonical({name: given})
    policy = msgspec.json.decode(msgspec.json.encode(value.policy))
    yield from (_canonical({name: given}) for name, given in policy.items())


def _matchers(sets: Sequence[MatcherSet]) -> Iterator[bytes]:
    for matchers in sets:
        yield from (_canonical({name: value}) for name, value in matchers.items())


def _canonical(part: object) -> bytes:
    """Return a part as JSON with its keys in order, those of encoded modules too."""
    whole = msgspec.json.decode(msgspec.json.encode(part, enc_hook=encode_number))
    return msgspec.json.encode(whole, order="sorted")
