"""pki, skip_install_trust: the certificate authorities of this server itself.

Syntax::

    pki {
        ca [<id>] {
            name                  <name>
            root_cn               <common name>
            intermediate_cn       <common name>
            intermediate_lifetime <duration>
            maintenance_interval  <duration>
            renewal_window_ratio  <ratio>
            root {
                cert   <file>
                key    <file>
                format <format>
            }
            intermediate {
                cert   <file>
                key    <file>
                format <format>
            }
        }
    }
    skip_install_trust

Without an id it is the one called `local`. Certificates are those that Caddy would make, kept
in the storage where Caddy keeps them. An intermediate lives for `intermediate_lifetime` (7d); it
is looked at every `maintenance_interval` (10m), and renewed when `renewal_window_ratio` (0.2) of
its lifetime is left. `root` and `intermediate` are files in place of what snake makes.

When the server starts, it has this machine trust its roots, as far as its user may do that
without being asked for a password; `snake trust` does the rest. `skip_install_trust` leaves the
trust stores as they are, and so does `SNAKE_INSTALL_TRUST=off` in the environment.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from snake.adapter.pki import DEFAULT_CA
from snake.caddyfile.words import Words, subdirectives
from snake.config.pki import CA, KeyPair, PKIApp
from snake.core.numbers import Number, NumberError, real
from snake.core.units import duration
from snake.plugin import Guests, Option, Segment

_TEXTS = {
    "name": "name",
    "root_cn": "root_common_name",
    "intermediate_cn": "intermediate_common_name",
}
_DURATIONS = ("intermediate_lifetime", "maintenance_interval")
_PAIRS = ("root", "intermediate")
_FILES = {"cert": "certificate", "key": "private_key", "format": "format"}
_AUTHORITY = (*_TEXTS, *_DURATIONS, "renewal_window_ratio", *_PAIRS)


def _parse(line: Segment, earlier: object, guests: Guests) -> PKIApp:
    del earlier, guests
    authorities: dict[str, CA] = {}
    for sub in subdirectives(line, ("ca",)) if not line.args else ():
        id, ca = _authority(sub)
        authorities[id] = ca
    return PKIApp(authorities)


def _authority(sub: Words) -> tuple[str, CA]:
    id = sub.take().text if sub.has_arguments else ""
    if sub.has_arguments:
        sub.take().fail("ca takes one id")
    fields: dict[str, Any] = {}
    for inner in subdirectives(sub.block(), _AUTHORITY):
        name = inner.name
        if name in _TEXTS:
            fields[_TEXTS[name]] = inner.take("one text").text
        elif name in _DURATIONS:
            fields[name] = inner.read(inner.take("a duration"), duration)
        elif name in _PAIRS:
            fields[name] = _pair(inner, fields.get(name, KeyPair()))
        else:
            fields[name] = inner.read(inner.take("a number"), _ratio)
    return id or DEFAULT_CA, CA(**fields)


def _ratio(text: str) -> Number:
    ratio = real(text)
    if not 0 < ratio <= 1:
        raise NumberError(f"expected a number in (0, 1], got {text}")
    return ratio


def _pair(sub: Words, pair: KeyPair) -> KeyPair:
    for inner in subdirectives(sub.block(), _FILES):
        pair = replace(pair, **{_FILES[inner.name]: inner.take("one argument").text})
    return pair


def _parse_skip(line: Segment, earlier: object, guests: Guests) -> bool:
    del line, earlier, guests
    return True


pki = Option("pki", _parse)
skip_install_trust = Option("skip_install_trust", _parse_skip)
