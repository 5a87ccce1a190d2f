"""Storage redis: a Redis that several machines share.

Syntax::

    storage redis {
        address         <host:port>
        host            <host>
        port            <port>
        username        <name>
        password        <password>
        db              <number>
        timeout         <seconds>
        key_prefix      <prefix>
        encryption_key  <key>
        compression     flate | zlib | false
        tls_enabled     <true|false>
        tls_insecure    <true|false>
        tls_server_certs_pem  <certificates>
        tls_server_certs_path <file>
    }

Its fields, and what it writes, are those of a module for Caddy:
https://github.com/pberkel/caddy-storage-redis. Both can share one Redis.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from snake.cache.address import TIMEOUT, Address
from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment, Token
from snake.caddyfile.words import Words, subdirectives
from snake.core.errors import StartError
from snake.core.folder import START
from snake.core.modules import Context, Module
from snake.core.numbers import truth
from snake.core.surroundings import PlaceholderError, fill
from snake.storage.redis_storage import RedisStorage
from snake.storage.redis_value import COMPRESSIONS, Packing
from snake.storage.storage import StorageError

_KEY = 32
"""Bytes of a key of AES-256."""
_LISTS = ("address", "host", "port")
_TRUTHS = ("tls_enabled", "tls_insecure", "route_by_latency", "route_randomly")
_ELSEWHERE = ("sentinel_password", "master_name", "route_by_latency", "route_randomly")
"""What is only for a cluster, or servers that Sentinel looks after."""


class Redis(Module):
    """The JSON of `caddy.storage.redis`. Text may have placeholders such as `{env.PASSWORD}`."""

    id = "caddy.storage.redis"

    client_type: str = "simple"
    address: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    port: tuple[str, ...] = ()
    db: int | str = "0"
    timeout: str = ""
    username: str = ""
    password: str = ""
    sentinel_password: str = ""
    master_name: str = ""
    key_prefix: str = "caddy"
    encryption_key: str = ""
    compression: bool | str = False
    tls_enabled: bool = False
    tls_insecure: bool = False
    tls_server_certs_pem: str = ""
    tls_server_certs_path: str = ""
    route_by_latency: bool = False
    route_randomly: bool = False

    async def provision(self, ctx: Context) -> RedisStorage:
        """Connect. Raises `ConfigError`, and `StartError` if Redis does not answer."""
        if self.client_type not in ("", "simple"):
            raise ctx.at("client_type").fail(
                f'"{self.client_type}" does not run in this version of snake, only one server does'
            )
        for name in _ELSEWHERE:
            if getattr(self, name):
                raise ctx.at(name).fail("this is for more servers than one, which snake cannot use")
        storage = RedisStorage(self.where(ctx), self._prefix(ctx), self._packing(ctx))
        await ctx.enter(storage.open())
        try:
            await storage.check()
        except StorageError as error:
            raise StartError(str(error), ctx.path) from None
        return storage

    def where(self, ctx: Context) -> Address:
        """Return the address, with the values of placeholders. Raises `ConfigError`."""
        host, port = self._server(ctx)
        whole = _number(ctx.at("timeout"), _filled(ctx.at("timeout"), self.timeout or "0"))
        if self.tls_server_certs_pem and self.tls_server_certs_path:
            raise ctx.fail("tls_server_certs_pem and tls_server_certs_path are two of one thing")
        at = ctx.at("tls_server_certs_path")
        file = self.tls_server_certs_path and START.path(_filled(at, self.tls_server_certs_path))
        if file and not Path(file).is_file():
            raise at.fail(f"there is no file {file}")
        return Address(
            host=host,
            port=_number(ctx.at("port"), port, 65_535),
            tls=self.tls_enabled,
            cafile=file,
            cadata=_filled(ctx.at("tls_server_certs_pem"), self.tls_server_certs_pem),
            insecure=self.tls_insecure,
            name=_filled(ctx.at("username"), self.username),
            secret=_filled(ctx.at("password"), self.password, secret=True),
            db=_number(ctx.at("db"), _filled(ctx.at("db"), str(self.db))),
            timeout=float(whole or TIMEOUT),
        )

    def _server(self, ctx: Context) -> tuple[str, str]:
        """Return the host and the port of the one server there is."""
        for name in _LISTS:
            if len(getattr(self, name)) > 1:
                raise ctx.at(name).fail("several servers are a cluster, which snake cannot use")
        if self.address:
            at = ctx.at("address")
            host, colon, port = _filled(at, self.address[0]).rpartition(":")
            if not colon:
                raise at.fail(f'"{port}" has no port; it would be {port}:6379')
            return host.strip("[]"), port
        host = _filled(ctx.at("host"), self.host[0]) if self.host else "127.0.0.1"
        return host, _filled(ctx.at("port"), self.port[0]) if self.port else "6379"

    def _prefix(self, ctx: Context) -> str:
        at = ctx.at("key_prefix")
        prefix = _filled(at, self.key_prefix).strip().strip("/") or "caddy"
        if any(part in ("", ".", "..") for part in prefix.split("/")):
            raise at.fail(f'"{prefix}" is no prefix: it has . or .. or nothing between two /')
        return prefix

    def _packing(self, ctx: Context) -> Packing:
        at = ctx.at("compression")
        named = {"true": "flate", "false": ""}
        text = "flate" if self.compression is True else _filled(at, self.compression or "")
        compression = named.get(text, text)
        if compression not in ("", *COMPRESSIONS):
            raise at.fail(f'expected flate, zlib or false, not "{text}"')
        at = ctx.at("encryption_key")
        key = _filled(at, self.encryption_key, secret=True).encode()
        if key and len(key) < _KEY:
            raise at.fail(f"expected at least {_KEY} bytes, got {len(key)}")
        return Packing(compression, key[:_KEY])

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `redis [cluster | failover] { … }`."""
        del guests
        fields: dict[str, object] = {}
        if line.args:
            if len(line.args) > 1 or line.args[0].text not in ("cluster", "failover"):
                line.args[0].fail(f"redis takes cluster or failover, not {line.args[0]}")
            fields["client_type"] = line.args[0].text
        names = (*cls.__struct_fields__, "aes_key")
        for sub in subdirectives(line, tuple(name for name in names if name != "client_type")):
            values = _values(sub)
            name = "encryption_key" if sub.name == "aes_key" else sub.name
            if name in _LISTS:
                fields[name] = tuple(value.text for value in values)
            elif name in _TRUTHS:
                fields[name] = sub.read(values[0], truth)
            else:
                fields[name] = values[0].text
        return cls(**fields)  # type: ignore[arg-type]


def _values(sub: Words) -> tuple[Token, ...]:
    """Take the arguments of a line, or the words in its block."""
    values = sub.all() or tuple(word for line in sub.block().lines for word in line.words)
    if not values:
        sub.token.fail(f"{sub.name} takes a value")
    if len(values) > 1 and sub.name not in _LISTS:
        values[1].fail(f"{sub.name} takes one value, got {len(values)}")
    return values


def _filled(ctx: Context, text: str, *, secret: bool = False) -> str:
    try:
        return fill(text)
    except PlaceholderError as error:
        # What is in braces in a password may be a part of it.
        told = "a placeholder in it is unknown, or has no value" if secret else str(error)
        raise ctx.fail(told) from None


def _number(ctx: Context, text: str, most: int = 1 << 30) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 10 or int(text) > most:  # noqa: PLR2004
        raise ctx.fail(f'expected a number up to {most}, not "{text}"')
    return int(text)
