"""Trust pools: whose signature on a certificate is believed.

Syntax, in `trust_pool`::

    inline {
        trust_der <certificates...>
    }
    file [<pem_files...>] {
        pem_file <pem_files...>
    }
    storage [<keys...>] {
        storage <storage> ...
        keys    <keys...>
    }
    http [<urls...>] {
        endpoints <urls...>
        tls {
            ca <pool> ...
            insecure_skip_verify
            handshake_timeout <duration>
            server_name       <name>
            renegotiation     never | once | freely
        }
    }
    system
    combined {
        source <pool> ...
    }
"""

from __future__ import annotations

from typing import Annotated, Any, Self

import msgspec

from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words, subdirectives
from snake.config.struct import Config, Duration, Guest
from snake.core.modules import Context, Module
from snake.core.namespace import In
from snake.core.units import duration
from snake.storage.chosen import chosen
from snake.tls.trust import TrustPool, decoded, in_files, in_storage

_NAMESPACE = "tls.ca_pool.source"


class Inline(Module):
    """The JSON of `tls.ca_pool.source.inline`: certificates, as DER in base64."""

    id = "tls.ca_pool.source.inline"

    trusted_ca_certs: tuple[str, ...] = ()

    async def provision(self, ctx: Context) -> TrustPool:
        """Decode the certificates. Raises `ConfigError`."""
        return TrustPool(decoded(ctx.at("trusted_ca_certs"), self.trusted_ca_certs))

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `inline { trust_der <certificates...> }`."""
        del guests
        Words(line).none()
        return cls(trusted_ca_certs=listed(line, "trust_der", "certificates"))


class File(Module):
    """The JSON of `tls.ca_pool.source.file`: PEM files."""

    id = "tls.ca_pool.source.file"

    pem_files: tuple[str, ...] = ()

    async def provision(self, ctx: Context) -> TrustPool:
        """Read the files. Raises `ConfigError`."""
        return TrustPool(in_files(ctx.at("pem_files"), self.pem_files))

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `file <files...> { pem_file <files...> }`."""
        del guests
        return cls(pem_files=listed(line, "pem_file", "certificates"))


class Storage(Module):
    """The JSON of `tls.ca_pool.source.storage`: certificates under keys of a storage."""

    id = "tls.ca_pool.source.storage"

    storage: Annotated[Guest, In("caddy.storage", "module")] = None
    pem_keys: tuple[str, ...] = ()

    async def provision(self, ctx: Context) -> TrustPool:
        """Read the values of the keys. Raises `ConfigError`."""
        if not self.pem_keys:
            raise ctx.fail("no keys are given: the storage trusts nobody")
        storage = await chosen(ctx.at("storage"), self.storage)
        return TrustPool(await in_storage(ctx.at("pem_keys"), storage, self.pem_keys))

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `storage <keys...> { storage <module>; keys <keys...> }`."""
        storage: Guest = None
        keys = line.texts
        for sub in subdirectives(line, ("storage", "keys")):
            if sub.name == "keys":
                keys += [word.text for word in sub.all()]
                continue
            if storage is not None:
                sub.token.fail("storage: the storage module is already set")
            storage = guests.json(sub.guest(), "caddy.storage", "module")
        return cls(storage=storage, pem_keys=tuple(keys))


class TLSConfig(Config):
    """How the certificates are fetched by HTTPS."""

    ca: Annotated[Guest, In(_NAMESPACE, "provider")] = None
    insecure_skip_verify: bool = False
    handshake_timeout: Duration = 0
    server_name: str = ""
    renegotiation: str = ""


class HTTP(Module):
    """The JSON of `tls.ca_pool.source.http`: URLs that answer with certificates."""

    id = "tls.ca_pool.source.http"

    endpoints: tuple[str, ...] = ()
    tls: TLSConfig | None = None

    async def provision(self, ctx: Context) -> TrustPool:
        """Fetch them. Raises `ConfigError`."""
        from snake.tls.fetched import certificates_at  # noqa: PLC0415  (few pools are elsewhere)

        return TrustPool(await certificates_at(ctx, self.endpoints, self.tls))

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `http <urls...> { endpoints <urls...>; tls { … } }`."""
        endpoints = line.texts
        tls: TLSConfig | None = None
        for sub in subdirectives(line, ("endpoints", "tls")):
            if sub.name == "endpoints":
                endpoints += [word.text for word in sub.some("URLs")]
                continue
            if tls is not None:
                sub.token.fail("http: the tls block is already defined")
            tls = _read_tls(sub, guests)
        return cls(endpoints=tuple(endpoints), tls=tls)


class System(Module):
    """The JSON of `tls.ca_pool.source.system`: those that the operating system believes."""

    id = "tls.ca_pool.source.system"

    async def provision(self, ctx: Context) -> TrustPool:
        """Return the system's."""
        del ctx
        return TrustPool(system=True)

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `system`."""
        del guests
        Words(line).none()
        if line.lines:
            line.lines[0].fail("system: this trust pool has no settings")
        return cls()


class Combined(Module):
    """The JSON of `tls.ca_pool.source.combined`: several pools as one."""

    id = "tls.ca_pool.source.combined"

    sources: tuple[Annotated[msgspec.Raw, In(_NAMESPACE, "provider")], ...] = ()

    async def provision(self, ctx: Context) -> TrustPool:
        """Provision each. Raises `ConfigError`."""
        pools: list[TrustPool] = [
            await ctx.at("sources", index).load(raw, namespace=_NAMESPACE, key="provider")
            for index, raw in enumerate(self.sources)
        ]
        return TrustPool(
            tuple(each for pool in pools for each in pool.certificates),
            any(pool.system for pool in pools),
        )

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `combined { source <pool> … }`."""
        Words(line).none()
        sources = tuple(
            guests.json(sub.guest(), _NAMESPACE, "provider")
            for sub in subdirectives(line, ("source",))
        )
        if not sources:
            line.fail("combined: no sources specified", "write a line 'source' for each pool")
        return cls(sources=sources)


def listed(line: Segment, name: str, what: str) -> tuple[str, ...]:
    """Return the arguments of a line, and those of the lines of one name in its block."""
    found = line.texts
    for sub in subdirectives(line, (name,)):
        found += [word.text for word in sub.all()]
    if not found:
        line.fail(f"{line.name}: no {what} specified", f"{line.name} takes a line '{name}'")
    return tuple(found)


_LEVELS = ("never", "once", "freely")
_TLS = ("ca", "insecure_skip_verify", "handshake_timeout", "server_name", "renegotiation")


def _read_tls(sub: Words, guests: Guests) -> TLSConfig:
    """Read the block of `tls`. Words on its line make Caddy read no block."""
    line = sub.block()
    fields: dict[str, Any] = {}
    for inner in subdirectives(line, _TLS):
        match inner.name:
            case "ca":
                fields["ca"] = guests.json(inner.guest(), _NAMESPACE, "provider")
            case "insecure_skip_verify":
                fields["insecure_skip_verify"] = True
            case "handshake_timeout":
                fields["handshake_timeout"] = inner.read(inner.take("a duration"), duration)
            case "server_name":
                fields["server_name"] = inner.take("a name").text
            case _:
                level = inner.take("a level")
                if level.text not in _LEVELS:
                    hint = f"levels: {', '.join(_LEVELS)}"
                    level.fail(f"unrecognized renegotiation level: {level}", hint)
                fields["renegotiation"] = level.text
    return TLSConfig(**fields)
