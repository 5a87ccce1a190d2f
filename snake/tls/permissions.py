"""Permissions: whether a certificate may be obtained while a client waits for it.

Syntax, in `permission`::

    http <url>
"""

from __future__ import annotations

from typing import Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words
from snake.config.tls import OnDemand
from snake.core.modules import Context, Module
from snake.core.surroundings import PlaceholderError, fill
from snake.tls.permission import Permission


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
        from snake.tls.ask import Asking  # noqa: PLC0415  (Caddyfiles are read without it, too)

        try:
            endpoint = fill(self.endpoint)
        except PlaceholderError as error:
            raise ctx.at("endpoint").fail(f"preparing 'ask' endpoint: {error}") from None
        if not endpoint.startswith(("http://", "https://")):
            raise ctx.at("endpoint").fail(
                f"the endpoint must be a URL with http:// or https://: {self.endpoint!r}"
            )
        return Asking(self.endpoint)


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
