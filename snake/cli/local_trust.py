"""The root that `trust` and `untrust` are about, and what they say of each store."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import quote

import click

from snake.cli.admin_address import TurnedOffError, find_client
from snake.cli.admin_client import AdminClient, StrangerError, UnreachableError
from snake.cli.listener import strangers
from snake.config.document import Apps, Document
from snake.core.errors import SnakeError
from snake.core.modules import Context
from snake.core.text import visible
from snake.engine.source import load
from snake.engine.warm import registry
from snake.pki.kept import NotMadeError, kept
from snake.pki.terms import DEFAULT_ID
from snake.pki.trust.outcome import Deed, Outcome
from snake.pki.trust.root import Root
from snake.storage.chosen import chosen
from snake.storage.storage import Storage


def find_root(ca: str | None, address: str | None, config: str | None, adapter: str | None) -> Root:
    """Return the root of an authority: from the server that runs, or from the storage.

    The server is asked by its admin API. Without an address, nobody need be there: then it is
    the storage of the configuration, of the Caddyfile in this folder without one, or the default
    storage. Raises `SnakeError`, also for an authority that nobody has used yet.
    """
    id = ca or DEFAULT_ID
    data, place = _served(id, address, config, adapter) or _stored(id, config, adapter)
    root = _root(data, place)
    click.echo(f"{visible(root.name)}, from {visible(place)}")
    return root


def _served(
    id: str, address: str | None, config: str | None, adapter: str | None
) -> tuple[bytes, str] | None:
    """Return the root that a server tells, and where; `None` if nobody has to and nobody does."""
    try:
        client = find_client(address, config, adapter)
        users = _strangers(client, address)
        answer = client.ask("GET", f"/pki/ca/{quote(id, safe='')}")
    except (UnreachableError, StrangerError, TurnedOffError):
        if address:
            raise
        return None
    users |= _strangers(client, address)
    if users:
        raise SnakeError(
            f"{_names(users)} listens at {client.address}, and this machine would trust what is "
            f"said there; if that is the server, say so: --address {client.address}"
        )
    try:
        certificate = answer.json()["root_certificate"].encode()
    except (ValueError, TypeError, KeyError, AttributeError):
        raise SnakeError(f"{client.address} does not tell a root certificate") from None
    return certificate, f"the server at {client.address}"


def _strangers(client: AdminClient, address: str | None) -> set[int]:
    """Return who listens at an address that nobody has named, and may not be believed by root.

    While no server runs, anybody may listen where its admin API is looked for, and have root
    trust an authority of his own.
    """
    return strangers(client.dialed) if os.geteuid() == 0 and not address else set()


def _names(users: set[int]) -> str:
    import pwd  # noqa: PLC0415  (only for who is refused)

    names = {each.pw_uid: each.pw_name for each in pwd.getpwall()}
    return " and ".join(f"the user {names.get(user, user)}" for user in sorted(users))


def _stored(id: str, config: str | None, adapter: str | None) -> tuple[bytes, str]:
    named = config is not None or Path("Caddyfile").is_file()
    document = load(config, adapter).document if named else Document()
    return asyncio.run(_kept(document, id))


def read_root(file: str) -> Root:
    """Return the root in a file, PEM or DER. Raises `SnakeError`."""
    try:
        data = Path(file).read_bytes()
    except OSError as error:
        raise SnakeError(f"cannot read {file}: {error.strerror}") from None
    root = _root(data, file)
    click.echo(visible(root.name))
    return root


def tell(outcomes: Sequence[Outcome]) -> None:
    """Print what became of the root in each store. Raises `SnakeError` if one has failed."""
    for outcome in outcomes:
        click.echo(f"  {visible(str(outcome))}")
    failed = [outcome.store for outcome in outcomes if outcome.deed is Deed.FAILED]
    if failed:
        raise SnakeError(f"not done: {', '.join(failed)}")


def _root(data: bytes, place: str) -> Root:
    try:
        return Root.read(data)
    except SnakeError as error:
        raise SnakeError(f"{place}: {error}") from None


async def _kept(document: Document, id: str) -> tuple[bytes, str]:
    apps = document.apps or Apps()
    async with AsyncExitStack() as stack:
        ctx = Context(registry(), stack)
        storage = await chosen(ctx.at("storage"), document.storage)
        ctx = ctx.offering(Storage, storage)  # type: ignore[type-abstract]
        try:
            return await kept(ctx.at("apps", "pki"), apps.pki, id, "root")
        except NotMadeError as error:
            raise SnakeError(
                f"{error.message}; the server makes it when it first needs it, so run it once, "
                f"and name its configuration with --config{_of_sudo()}"
            ) from None
    raise AssertionError


def _of_sudo() -> str:
    """Return a hint for who has called this by sudo, which has another home."""
    return "; by sudo, it is looked for in root's home: sudo -E keeps yours" * (
        "SUDO_USER" in os.environ
    )
