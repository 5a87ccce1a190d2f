"""The HTTP transport: how requests go to an upstream that speaks HTTP.

Syntax, inside `reverse_proxy`::

    transport http {
        read_buffer | write_buffer | max_response_header <size>
        read_timeout | write_timeout <duration>
        dial_timeout | dial_fallback_delay <duration>
        response_header_timeout | expect_continue_timeout <duration>
        proxy_protocol v1 | v2
        network_proxy none | url <url>
        resolvers <addresses...>
        tls
        tls_client_auth <automate_name> | <cert_file> <key_file>
        tls_insecure_skip_verify
        tls_curves <curves...>
        tls_timeout <duration>
        tls_trust_pool <module> [...]
        tls_server_name <name>
        tls_renegotiation never | once | freely
        tls_except_ports <ports...>
        keepalive off | <duration>
        keepalive_interval <duration>
        keepalive_idle_conns | keepalive_idle_conns_per_host <count>
        versions <versions...>
        compression off
        max_conns_per_host <count>
        local_address <address>
    }
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from snake.caddyfile.fields import (
    Fields,
    Reader,
    flag,
    number,
    one_of,
    size_in_bytes,
    text,
    texts,
    time,
)
from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words
from snake.config.struct import Config, Duration, Guest
from snake.core.check import check
from snake.core.modules import Context, Module, to_json
from snake.core.namespace import In
from snake.core.units import duration
from snake.proxy.contract import Transport
from snake.proxy.network_proxy import ProxyURL
from snake.proxy.resolver import UpstreamResolver


class TLSConfig(Config):
    """How connections to an upstream are encrypted; they are when this is there."""

    ca: Annotated[Guest, In("tls.ca_pool.source", "provider")] = None
    root_ca_pool: tuple[str, ...] = ()
    root_ca_pem_files: tuple[str, ...] = ()
    client_certificate_file: str = ""
    client_certificate_key_file: str = ""
    client_certificate_automate: str = ""
    insecure_skip_verify: bool = False
    handshake_timeout: Duration = 0
    server_name: str = ""
    renegotiation: str = ""
    except_ports: tuple[str, ...] = ()
    curves: tuple[str, ...] = ()


class KeepAlive(Config):
    """How long connections to an upstream are kept, and how many."""

    enabled: bool | None = None
    probe_interval: Duration = 0
    max_idle_conns: int = 0
    max_idle_conns_per_host: int = 0
    idle_timeout: Duration = 0


class HTTPTransport(Module):
    """The JSON of `http.reverse_proxy.transport.http`."""

    id = "http.reverse_proxy.transport.http"

    resolver: UpstreamResolver | None = None
    tls: TLSConfig | None = None
    keep_alive: KeepAlive | None = None
    compression: bool | None = None
    max_conns_per_host: int = 0
    proxy_protocol: str = ""
    forward_proxy_url: str = ""
    dial_timeout: Duration = 0
    dial_fallback_delay: Duration = 0
    response_header_timeout: Duration = 0
    expect_continue_timeout: Duration = 0
    max_response_header_size: int = 0
    write_buffer_size: int = 0
    read_buffer_size: int = 0
    read_timeout: Duration = 0
    write_timeout: Duration = 0
    versions: tuple[str, ...] = ()
    local_address: str = ""
    network_proxy: Annotated[Guest, In("caddy.network_proxy", "from")] = None

    async def provision(self, ctx: Context) -> Transport:
        """Return the transport that runs; its connections close with the generation."""
        from snake.proxy.http_client import HTTPClient  # noqa: PLC0415
        from snake.proxy.http_settings import load_settings  # noqa: PLC0415

        check(self, ctx.registry, ctx.path)
        if self.forward_proxy_url:
            raise ctx.at("forward_proxy_url").fail(
                "forward_proxy_url is not available in this version of snake"
            )
        if self.network_proxy is not None:
            proxy = ctx.at("network_proxy")
            await proxy.load(self.network_proxy, namespace="caddy.network_proxy", key="from")
        return await ctx.enter(HTTPClient(await load_settings(ctx, self)))

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> HTTPTransport:
        """Read `http { … }`."""
        fields = Fields()
        fields.read(Words(line).block(), _TABLE, _readers(fields, guests))
        return msgspec.convert(fields.values, cls)


_TABLE = {
    "read_buffer": ("read_buffer_size", size_in_bytes),
    "write_buffer": ("write_buffer_size", size_in_bytes),
    "max_response_header": ("max_response_header_size", size_in_bytes),
    "read_timeout": ("read_timeout", time),
    "write_timeout": ("write_timeout", time),
    "dial_timeout": ("dial_timeout", time),
    "dial_fallback_delay": ("dial_fallback_delay", time),
    "response_header_timeout": ("response_header_timeout", time),
    "expect_continue_timeout": ("expect_continue_timeout", time),
    "proxy_protocol": ("proxy_protocol", one_of("v1", "v2")),
    "resolvers": ("resolver/addresses", texts),
    "tls_insecure_skip_verify": ("tls/insecure_skip_verify", flag),
    "tls_curves": ("tls/curves", texts),
    "tls_timeout": ("tls/handshake_timeout", time),
    "tls_server_name": ("tls/server_name", text),
    "tls_renegotiation": ("tls/renegotiation", one_of("never", "once", "freely")),
    "tls_except_ports": ("tls/except_ports", texts),
    "keepalive_interval": ("keep_alive/probe_interval", time),
    "keepalive_idle_conns": ("keep_alive/max_idle_conns", number),
    "keepalive_idle_conns_per_host": ("keep_alive/max_idle_conns_per_host", number),
    "versions": ("versions", texts),
    "max_conns_per_host": ("max_conns_per_host", number),
    "local_address": ("local_address", text),
}


def _readers(fields: Fields, guests: Guests) -> dict[str, Reader]:
    def network_proxy(words: Words) -> None:
        raw = guests.json(words.guest(), "caddy.network_proxy", "from")
        fields.set("network_proxy", raw)

    def forward_proxy_url(words: Words) -> None:
        fields.set("network_proxy", to_json(ProxyURL(url=words.take().text), "from"))

    def trust_pool(words: Words) -> None:
        line = words.guest()
        raw = guests.json(line, "tls.ca_pool.source", "provider")
        if fields.get("tls/root_ca_pem_files"):
            line.words[0].fail("cannot specify both 'tls_trust_pool' and 'tls_trusted_ca_certs'")
        if fields.get("tls/ca") is not None:
            line.words[0].fail("cannot specify 'tls_trust_pool' twice")
        fields.set("tls/ca", raw)

    def trusted_ca_certs(words: Words) -> None:
        files = texts(words)
        if fields.get("tls/ca") is not None:
            words.token.fail("cannot specify both 'tls_trust_pool' and 'tls_trusted_ca_certs'")
        fields.set("tls/root_ca_pem_files", files)

    return {
        "compression": lambda words: _compression(words, fields),
        "forward_proxy_url": forward_proxy_url,
        "keepalive": lambda words: _keepalive(words, fields),
        "network_proxy": network_proxy,
        "tls": lambda _: fields.make("tls"),
        "tls_client_auth": lambda words: _client_auth(words, fields),
        "tls_trust_pool": trust_pool,
        "tls_trusted_ca_certs": trusted_ca_certs,
    }


def _compression(words: Words, fields: Fields) -> None:
    if words.has_arguments and words.take().text == "off":
        fields.set("compression", value=False)


def _keepalive(words: Words, fields: Fields) -> None:
    def read(word: str) -> None:
        if word == "off":
            fields.set("keep_alive/enabled", value=False)
        else:
            fields.set("keep_alive/idle_timeout", duration(word))

    words.read(words.take(), read)


def _client_auth(words: Words, fields: Fields) -> None:
    match texts(words):
        case [name]:
            fields.set("tls/client_certificate_automate", name)
        case [certificate, key]:
            fields.set("tls/client_certificate_file", certificate)
            fields.set("tls/client_certificate_key_file", key)
        case _:
            words.token.fail(
                "tls_client_auth takes the name of a certificate, or a certificate and its key"
            )
