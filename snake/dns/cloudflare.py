"""cloudflare: the DNS of Cloudflare, by its API.

Syntax, as a provider::

    cloudflare <api_token>
    cloudflare {
        api_token  <token>
        zone_token <token>
    }

A token needs the permissions Zone.Zone:Read and Zone.DNS:Edit for the zones; with a `zone_token`
for the first, the other needs only the second. `{env.NAME}` and `{file.path}` are replaced.

Source: https://github.com/caddy-dns/cloudflare.
"""

from __future__ import annotations

import re
from typing import Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import subdirectives
from snake.core.modules import Context, Module
from snake.core.surroundings import fill_all
from snake.dns.provider import Provider

_FIELDS = ("api_token", "zone_token")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{35,50}|cf(?:ut|at)_[A-Za-z0-9_-]{32,256}")
"""What a token looks like: that of a user or of an account, and those of before."""


class Cloudflare(Module):
    """The JSON of `dns.providers.cloudflare`."""

    id = "dns.providers.cloudflare"

    api_token: str = ""
    zone_token: str = ""

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `cloudflare <token>`, or a block of its tokens."""
        del guests
        if len(line.args) > 1:
            line.args[1].fail(f"unexpected argument '{line.args[1]}'")
        if line.args:
            line.no_block()
            return cls(api_token=line.args[0].text)
        fields = {sub.name: sub.only("a token").text for sub in subdirectives(line, _FIELDS)}
        if not fields.get("api_token"):
            line.fail("cloudflare: missing API token")
        return cls(**fields)

    async def provision(self, ctx: Context) -> Provider:
        """Fill in the tokens now. Raises `ConfigError`."""
        from snake.dns.cloudflare_api import Account  # noqa: PLC0415  (Caddyfiles do without it)

        tokens = {name: fill_all(getattr(self, name)) for name in _FIELDS}
        for name in _FIELDS:
            if (tokens[name] or name == "api_token") and not _TOKEN.fullmatch(tokens[name]):
                raise ctx.at(name).fail(_wrong(name, getattr(self, name), tokens[name]))
        return Account(tokens["api_token"], tokens["zone_token"])


def _wrong(name: str, written: str, token: str) -> str:
    """Return what is wrong with a token, without the token."""
    if token:
        return f"this is no {name} of Cloudflare: {len(token)} characters, or some that none has"
    return f"the {name} is empty" + (f": {written} is not set" if "{" in written else "")
