"""basic_auth: let only those in who have an account.

Syntax::

    basic_auth [<matcher>] [bcrypt | argon2id] [<realm>] {
        <user name> <hash of the password>
    }

The hash is made by `caddy hash-password`, or by any program that makes bcrypt or argon2id
hashes. `<realm>` is shown to whoever is asked for a password; it is `restricted`. Names
and hashes may have placeholders that are known when the server starts: `{env.HASH}`.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from snake.auth.argon2id import Argon2id
from snake.auth.bcrypt import Bcrypt
from snake.auth.http_basic import Account, HashCache, HTTPBasic
from snake.core.suggest import suggestion
from snake.plugin import Directive, HandlerModule, In, Scope, Segment, to_json

HASHES = {"bcrypt": Bcrypt, "argon2id": Argon2id}


class Authentication(HandlerModule):
    """The JSON of `http.handlers.authentication`."""

    id = "http.handlers.authentication"

    providers: dict[str, Annotated[msgspec.Raw, In("http.authentication.providers")]] = {}


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
