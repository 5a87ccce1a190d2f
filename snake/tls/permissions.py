"""Permissions: whether a certificate may be obtained while a client waits for it.

Syntax, in `permission`::

    http <url>
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self
from urllib.parse import parse_qs, urlencode

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words
from snake.config.tls import OnDemand
from snake.core.modules import Context, Module
from snake.core.surroundings import PlaceholderError, fill
from snake.fetch.fetch import fetch
from snake.fetch.response import FetchError
from snake.tls.permission import DeniedError, Permission, UndecidedError

_TIMEOUT = 10.0
"""Seconds that the answer may take (Caddy: 10)."""
_OK = range(200, 300)
_REDIRECTS = range(300, 400)


class HTTP(Module, omit_defaults=False):
    """The JSON of `tls.permission.http`: a URL that answers 200 for names that may."""

    id = "tls.permission.http"

    endpoint: str = ""

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `http <url>`. A block means nothing, as in Caddy."""
        del guests
        return cls(endpoint=Words(line).only("a URL").text)

    async def provision(self, ctx: Context) -> Permission:
        """Try the placeholders now. Raises `ConfigError`."""
        try:
            fill(self.endpoint)
        except PlaceholderError as error:
            raise ctx.at("endpoint").fail(f"preparing 'ask' endpoint: {error}") from None
        return Asking(self.endpoint)


class Asking:
    """A `Permission` of a URL that is asked with the query `domain=<name>`.

    Its placeholders are filled each time: a file may have another text by then.
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    async def allows(self, name: str) -> None:
        """Ask. Raises `DeniedError` and `UndecidedError`."""
        try:
            url = with_query(fill(self._endpoint), {"domain": name})
            answer = await fetch(url, within=_TIMEOUT, most=0)
        except (FetchError, PlaceholderError) as error:
            raise UndecidedError(f"the permission endpoint: {error}") from None
        if answer.status in _REDIRECTS:
            raise UndecidedError(
                f"the permission endpoint redirects ({answer.status}), which is not followed"
            )
        if answer.status not in _OK:
            raise DeniedError(f"the permission endpoint answers {answer.status}")


def with_query(url: str, more: Mapping[str, str]) -> str:
    """Return a URL with some parameters set, and all of them sorted by name, as in Go."""
    whole, _, _ = url.partition("#")
    path, _, query = whole.partition("?")
    found = parse_qs(query, keep_blank_values=True)
    found.update({name: [value] for name, value in more.items()})
    return f"{path}?{urlencode(sorted(found.items()), doseq=True)}"


async def permission_of(settings: OnDemand | None, ctx: Context) -> Permission | None:
    """Return who is asked about names on demand, if anybody; `ctx` is where the settings stand.

    Raises `ConfigError`.
    """
    if settings is None:
        return None
    if settings.ask:
        if settings.permission is not None:
            raise ctx.fail(
                "both 'ask' and 'permission' are given; 'ask' is deprecated, use the permission"
            )
        return await HTTP(endpoint=settings.ask).provision(ctx.at("ask"))
    if settings.permission is None:
        return None
    found: Permission = await ctx.at("permission").load(
        settings.permission, namespace="tls.permission", key="module"
    )
    return found
