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
names and addresses may have a certificate: `example.com` is that name, `*.example.com` each one
label below. With neither, all may.

Accounts and orders are kept in the storage, so all workers know them, and all machines that
share it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from snake.core.units import duration
from snake.plugin import (
    AuthorityValue,
    Config,
    Context,
    Directive,
    Duration,
    Handler,
    HandlerError,
    HandlerModule,
    Next,
    Request,
    RouteValue,
    Scope,
    Segment,
    Send,
    Token,
    Words,
    respond,
    subdirectives,
)

SUBDIRECTIVES = (
    *("ca", "lifetime", "resolvers", "challenges", "sign_with_root"),
    *("allow_wildcard_names", "allow", "deny"),
)


MOST_BODY = 64 << 10
"""Bytes of a request. One for a hundred names has some ten thousand."""


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

    async def provision(self, ctx: Context) -> Handler:
        """Find the authority, or make it. Raises `ConfigError` and `StartError`."""
        # What makes certificates takes a while to load, and few have a server for them.
        from snake.acme_server.provision import Settings, provision  # noqa: PLC0415

        policy = self.policy or Policy()
        allow, deny = policy.allow or RuleSet(), policy.deny or RuleSet()
        settings = Settings(
            authority=self.ca or "local",
            lifetime=self.lifetime,
            host=self.host,
            prefix=self.path_prefix or "/acme/",
            sign_with_root=self.sign_with_root,
            resolvers=self.resolvers,
            challenges=tuple(each.strip().lower() for each in self.challenges),
            allow=(allow.domains, allow.ip_ranges),
            deny=(deny.domains, deny.ip_ranges),
            wildcards=policy.allow_wildcard_names,
        )
        site = await provision(ctx, settings)

        async def acme_server(request: Request, send: Send, next: Next) -> None:
            if not request.path.startswith(settings.prefix):
                await next(request, send)
                return
            reply = await site.answer(
                request.method,
                request.hostport,
                request.path,
                (request.header(b"content-type") or "").strip(),
                await _body(request) if request.method == "POST" else b"",
            )
            headers = [(name.encode(), value.encode()) for name, value in reply.headers]
            if reply.body:
                headers.append((b"content-type", reply.media_type.encode()))
            await respond(send, reply.status, headers, reply.body)

        return acme_server


async def _body(request: Request) -> bytes:
    """Return the body of a request. Raises `HandlerError` for one that is too long."""
    found = bytearray()
    more = True
    while more:
        message = await request.receive()
        if message["type"] != "http.request":
            raise HandlerError(400, "the client went away within its request")
        found += message.get("body", b"")
        more = message.get("more_body", False)
        if len(found) > MOST_BODY:
            raise HandlerError(413, f"request body larger than {MOST_BODY} bytes")
    return bytes(found)


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
