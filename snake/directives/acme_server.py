"""acme_server: issue certificates to ACME clients, from a certificate authority of our own.

Syntax::

    acme_server [<matcher>] {
        ca         <id>
        lifetime   <duration>
        resolvers  <addresses...>
        challenges <http-01 | tls-alpn-01 | dns-01...>
        sign_with_root
        allow_wildcard_names
        allow {
            domains   <domains...>
            ip_ranges <addresses...>
        }
        deny {
            domains   <domains...>
            ip_ranges <addresses...>
        }
    }

Clients find it at `/acme/<id>/directory`; the authority is `local`, or one that the option
`pki` describes. One that no option describes is made. Certificates are valid for `lifetime`
(12h). `resolvers` are asked for the records of DNS challenges. `allow` and `deny` say which
names and addresses may have a certificate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from snake.core.units import duration
from snake.plugin import (
    AuthorityValue,
    Config,
    Directive,
    Duration,
    HandlerModule,
    RouteValue,
    Scope,
    Segment,
    Token,
    Words,
    subdirectives,
)

SUBDIRECTIVES = (
    *("ca", "lifetime", "resolvers", "challenges", "sign_with_root"),
    *("allow_wildcard_names", "allow", "deny"),
)


class RuleSet(Config):
    """Names and addresses."""

    domains: tuple[str, ...] = ()
    ip_ranges: tuple[str, ...] = ()


class Policy(Config):
    """For what there are certificates."""

    allow: RuleSet | None = None
    deny: RuleSet | None = None
    allow_wildcard_names: bool = False


class ACMEServer(HandlerModule):
    """The JSON of `http.handlers.acme_server`."""

    id = "http.handlers.acme_server"

    ca: str = ""
    lifetime: Duration = 0
    host: str = ""
    path_prefix: str = ""
    sign_with_root: bool = False
    resolvers: tuple[str, ...] = ()
    challenges: tuple[str, ...] = ()
    policy: Policy | None = None


def parse(line: Segment, scope: Scope) -> Sequence[RouteValue | AuthorityValue]:
    """Read an `acme_server` line. It asks for the authority that it names."""
    del scope
    line.flag()
    fields: dict[str, Any] = {}
    policy: dict[str, Any] = {}
    for words in subdirectives(line, SUBDIRECTIVES):
        match words.name:
            case "allow" | "deny":
                policy[words.name] = _rules(words.block())
            case "allow_wildcard_names":
                policy[words.name] = True
            case "challenges":
                fields.setdefault("challenges", []).extend(_texts(words.all()))
            case name:
                fields[name] = _field(words)
    server = msgspec.convert(fields | ({"policy": policy} if policy else {}), ACMEServer)
    route = RouteValue((server,))
    return [route, AuthorityValue(name=server.ca)] if "ca" in fields else [route]


def _field(words: Words) -> object:
    match words.name:
        case "ca":
            return words.only("the ID of an authority").text
        case "lifetime":
            return words.read(words.take("a duration"), duration)
        case "resolvers":
            return _texts(words.some("the addresses of resolvers"))
        case _:
            words.none()
            return True


def _rules(block: Segment) -> RuleSet:
    rules: dict[str, list[str]] = {}
    for words in subdirectives(block, ("domains", "ip_ranges")):
        rules.setdefault(words.name, []).extend(_texts(words.some("what it is about")))
    return msgspec.convert(rules, RuleSet)


def _texts(words: Sequence[Token]) -> list[str]:
    return [word.text for word in words]


directive = Directive("acme_server", parse)
