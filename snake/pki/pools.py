"""Trust pools of our own authorities: their roots, or what those have signed.

Syntax, in `trust_pool`::

    pki_root [<authority_ids...>] {
        authority <authority_ids...>
    }
    pki_intermediate [<authority_ids...>] {
        authority <authority_ids...>
    }

An intermediate is believed as it is when the configuration is loaded.
"""

from __future__ import annotations

from typing import Self

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.config.pki import CA, PKIApp
from snake.core.modules import Context, Module
from snake.pki.kept import NotMadeError, kept
from snake.storage.chosen import chosen
from snake.tls.pem import certificates_in
from snake.tls.pools import listed
from snake.tls.trust import TrustPool


class PKIRoot(Module):
    """The JSON of `tls.ca_pool.source.pki_root`: the roots of authorities of the `pki` app."""

    id = "tls.ca_pool.source.pki_root"

    authority: tuple[str, ...] = ()

    async def provision(self, ctx: Context) -> TrustPool:
        """Read the roots. Raises `ConfigError`, and `StartError` for one that cannot be read."""
        return await _pool(ctx, self.authority, "root")

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `pki_root <authorities...> { authority <authorities...> }`."""
        del guests
        return cls(authority=listed(line, "authority", "authorities"))


class PKIIntermediate(Module):
    """The JSON of `tls.ca_pool.source.pki_intermediate`: what those roots have signed."""

    id = "tls.ca_pool.source.pki_intermediate"

    authority: tuple[str, ...] = ()

    async def provision(self, ctx: Context) -> TrustPool:
        """Read the intermediates. Raises `ConfigError` and `StartError`."""
        return await _pool(ctx, self.authority, "intermediate")

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `pki_intermediate <authorities...> { authority <authorities...> }`."""
        del guests
        return cls(authority=listed(line, "authority", "authorities"))


async def _pool(ctx: Context, authorities: tuple[str, ...], name: str) -> TrustPool:
    found: list[bytes] = []
    if not authorities:
        raise ctx.fail("no authority is named: the pool trusts nobody")
    for index, id in enumerate(authorities):
        at = ctx.at("authority", index)
        some = certificates_in(await _read(at, id, name))
        if not some:
            raise at.fail(f"there is no certificate in the {name} of the authority {id!r}")
        found += some
    return TrustPool(tuple(found))


async def _read(ctx: Context, id: str, name: str) -> bytes:
    """Return a certificate as PEM. An authority that is not there yet is made."""
    app = ctx.service(PKIApp)
    try:
        return (await kept(ctx, app, id, name))[0]
    except NotMadeError:
        # Seldom needed: the supervisor has made it, if anything but this is about it.
        from snake.pki.authority import Authority  # noqa: PLC0415
        from snake.pki.terms import Terms  # noqa: PLC0415

        config = CA() if app is None else app.certificate_authorities.get(id, CA())
        storage = await chosen(ctx, config.storage)
        made = await Authority.provision(ctx, Terms.read(ctx, id, config), storage)
        return (made.root_pem if name == "root" else made.intermediate_pem).encode()
