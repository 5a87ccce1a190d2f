"""basic_auth: let only those in who have an account.

Syntax::

    basic_auth [<matcher>] [bcrypt | argon2id] [<realm>] {
        <user name> <hash of the password>
    }

The hash is made by `caddy hash-password`, or by any program that makes bcrypt or argon2id
hashes. `<realm>` is shown to whoever is asked for a password; it is `restricted`. Names
and hashes may have placeholders that are known when the server starts: `{env.HASH}`.

Whoever comes in is `{http.auth.user.id}`, and `user_id` in the access log. All others
are a 401, which error routes can answer. Passwords are hashed in threads of their own,
two at a time in each worker and by turns among clients, and checked ones are
remembered, though not as they are.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated

import msgspec

from snake.auth.argon2id import Argon2id
from snake.auth.bcrypt import Bcrypt
from snake.auth.contract import Authenticate, User, Verdict
from snake.auth.http_basic import Account, HashCache, HTTPBasic
from snake.core.suggest import suggestion
from snake.http.response import drop_early
from snake.plugin import (
    Context,
    Directive,
    Handler,
    HandlerError,
    HandlerModule,
    In,
    Next,
    Request,
    Scope,
    Segment,
    Send,
    to_json,
)

HASHES = {"bcrypt": Bcrypt, "argon2id": Argon2id}


class Authentication(HandlerModule):
    """The JSON of `http.handlers.authentication`."""

    id = "http.handlers.authentication"

    providers: dict[str, Annotated[msgspec.Raw, In("http.authentication.providers")]] = {}

    async def provision(self, ctx: Context) -> Handler:
        """Load the providers."""
        providers: list[Authenticate] = [
            await ctx.at("providers", name).load_named(raw, f"http.authentication.providers.{name}")
            for name, raw in self.providers.items()
        ]
        return _handler(providers)


def _handler(providers: list[Authenticate]) -> Handler:
    first = providers[0] if providers else None

    def authentication(request: Request, send: Send, next: Next) -> Awaitable[None]:
        verdict = first(request) if first else None
        if type(verdict) is User:
            _name(request, "http.auth.user", verdict)
            return next(request, send)
        return ask(verdict, request, send, next)

    async def ask(
        verdict: Verdict | Awaitable[Verdict] | None, request: Request, send: Send, next: Next
    ) -> None:
        for provider in providers:
            found = provider(request) if verdict is None else verdict
            verdict = None
            if isinstance(found, Awaitable):
                found = await found
            if isinstance(found, User):
                _name(request, "http.auth.user", found)
                await next(request, send)
                return
            if found.candidate:
                _name(request, "http.auth.candidate", found.candidate)
            drop_early(request, {name for name, _ in found.headers})
            request.early = [*(request.early or ()), *found.headers]
        raise HandlerError(401, "not authenticated")

    return authentication


def _name(request: Request, key: str, user: User) -> None:
    request.set_value(f"{key}.id", user.id)
    for name, value in user.metadata.items():
        request.set_value(f"{key}.{name}", value)


def parse(line: Segment, scope: Scope) -> Authentication:
    """Read a `basic_auth` line."""
    del scope
    if len(line.args) > 2:  # noqa: PLR2004
        line.args[2].fail("basic_auth takes the kind of hash and a realm, and nothing after them")
    algorithm, realm, *_ = [*line.texts, "", ""] if line.args else ["bcrypt", ""]
    if algorithm not in HASHES:
        line.args[0].fail(
            f"unrecognized hash algorithm: {algorithm}{suggestion(algorithm, HASHES)}",
            f"basic_auth knows: {', '.join(HASHES)}; the realm comes after it",
        )
    basic = HTTPBasic(
        hash=to_json(HASHES[algorithm](), "algorithm"),
        accounts=tuple(map(_account, line.lines)),
        realm=realm,
        hash_cache=HashCache(),
    )
    return Authentication(providers={"http_basic": to_json(basic)})


def _account(line: Segment) -> Account:
    line.no_block()
    if len(line.args) > 1:
        line.args[1].fail(f"the account of {line.name} has one hash, got {len(line.args)}")
    account = Account(username=line.name, password="".join(line.texts))
    if not account.username or not account.password:
        line.words[0].fail("username and password cannot be empty or missing")
    return account


directive = Directive("basic_auth", parse)
