"""HTTPSettings: how upstreams are spoken to, from the JSON of the HTTP transport."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snake.config.struct import nanoseconds, seconds
from snake.core.dial import parse_network
from snake.core.modules import Context
from snake.core.network import AddressError
from snake.core.record import Record
from snake.core.suggest import suggestion
from snake.core.units import SECOND
from snake.proxy.dialer import Dialing
from snake.proxy.dns import DNS, read_server
from snake.proxy.encryption import Encryption, load_encryption
from snake.proxy.preamble import VERSIONS as PROXY_PROTOCOLS

if TYPE_CHECKING:
    from snake.proxy.http_transport import HTTPTransport, KeepAlive

VERSIONS = ("1.1", "2", "h2c", "3")
_MAX_RESPONSE_HEADER = 10 * 1024 * 1024
_DIAL_TIMEOUT = 3.0
_FALLBACK_DELAY = 0.3
_PROBE_INTERVAL = 30
_IDLE_TIMEOUT = 120.0
_IDLE_PER_HOST = 32


class Keeping(Record):
    """How many connections are kept, and how many seconds."""

    enabled: bool = True
    most: int = 0
    """Of all upstreams together; 0 is no limit."""
    most_per_host: int = 32
    timeout: float | None = 120.0


class HTTPSettings(Record):
    """How an upstream is spoken to; times are seconds."""

    dialing: Dialing = Dialing()
    keeping: Keeping = Keeping()
    encryption: Encryption | None = None
    compression: bool = True
    """Whether a response is asked for in gzip when the client asked for nothing."""
    h2c: bool = False
    """Whether upstreams without encryption are spoken to in HTTP/2."""
    proxy_protocol: str = ""
    max_connections: int = 0
    """To one upstream; 0 is no limit."""
    max_response_header: int = _MAX_RESPONSE_HEADER
    """Bytes of a response's header, interim responses included."""
    response_header_timeout: float | None = None
    """From the end of the request to the head of the response."""
    expect_continue_timeout: float | None = None
    """How long a client that waits for a `100 Continue` waits for the upstream's."""
    read_timeout: float | None = None
    """Without a byte from an upstream that is to send some."""
    write_timeout: float | None = None
    """Without an upstream taking what is sent."""


async def load_settings(ctx: Context, config: HTTPTransport) -> HTTPSettings:
    """Read the JSON, with Caddy's defaults. Raises `ConfigError`."""
    versions = config.versions or ("1.1", "2")
    _check_versions(ctx.at("versions"), versions)
    if config.proxy_protocol not in ("", *PROXY_PROTOCOLS):
        raise ctx.at("proxy_protocol").fail("unexpected proxy protocol version; v1 or v2")

    def time(name: str) -> float | None:
        return seconds(getattr(config, name), ctx.at(name).path)

    encryption = None
    if config.tls is not None:
        encryption = await load_encryption(ctx.at("tls"), config.tls, http2="2" in versions)
    return HTTPSettings(
        dialing=_dialing(ctx, config),
        keeping=_keeping(ctx.at("keep_alive"), config.keep_alive),
        encryption=encryption,
        compression=config.compression is not False,
        h2c="h2c" in versions,
        proxy_protocol=config.proxy_protocol,
        max_connections=max(config.max_conns_per_host, 0),
        max_response_header=config.max_response_header_size or _MAX_RESPONSE_HEADER,
        response_header_timeout=time("response_header_timeout"),
        expect_continue_timeout=time("expect_continue_timeout"),
        read_timeout=time("read_timeout"),
        write_timeout=time("write_timeout"),
    )


def _check_versions(ctx: Context, versions: tuple[str, ...]) -> None:
    for index, version in enumerate(versions):
        if version not in VERSIONS:
            hint = suggestion(version, VERSIONS)
            raise ctx.at(index).fail(
                f"unsupported HTTP version: {version}{hint}, supported version: "
                f"{', '.join(VERSIONS)}"
            )
        if version == "3":
            raise ctx.at(index).fail("HTTP/3 to upstreams is not available in this version")


def _dialing(ctx: Context, config: HTTPTransport) -> Dialing:
    keep_alive = config.keep_alive
    probes = nanoseconds(keep_alive.probe_interval) if keep_alive is not None else 0
    delay = nanoseconds(config.dial_fallback_delay)
    timeout = seconds(config.dial_timeout, ctx.at("dial_timeout").path)
    servers = []
    for index, text in enumerate(config.resolver.addresses if config.resolver else ()):
        try:
            servers.append(read_server(text))
        except AddressError as error:
            raise ctx.at("resolver", "addresses", index).fail(str(error)) from None
    return Dialing(
        timeout=_DIAL_TIMEOUT if timeout is None else timeout,
        fallback_delay=(delay / SECOND if delay > 0 else None) if delay else _FALLBACK_DELAY,
        local=_local(ctx.at("local_address"), config.local_address),
        probe_interval=(max(probes // SECOND, 1) if probes > 0 else None)
        if probes
        else _PROBE_INTERVAL,
        dns=DNS(servers) if servers else None,
    )


def _local(ctx: Context, text: str) -> tuple[str, int] | None:
    """Return the address that connections come from. Raises `ConfigError`."""
    if not text:
        return None
    try:
        address = parse_network(text)
    except AddressError as error:
        raise ctx.fail(str(error)) from None
    if address.start_port != address.end_port:
        raise ctx.fail("local_address must be a single address, not a port range")
    if address.network.startswith("udp"):
        raise ctx.fail("local_address must be a TCP address, not a UDP address")
    if not address.network.startswith("tcp"):
        raise ctx.fail(f"{address.network}: unsupported network")
    return address.host, address.start_port


def _keeping(ctx: Context, config: KeepAlive | None) -> Keeping:
    if config is None:
        return Keeping()
    timeout = nanoseconds(config.idle_timeout)
    del ctx
    return Keeping(
        enabled=config.enabled is not False,
        most=max(config.max_idle_conns, 0),
        most_per_host=config.max_idle_conns_per_host or _IDLE_PER_HOST,
        timeout=(timeout / SECOND if timeout > 0 else None) if timeout else _IDLE_TIMEOUT,
    )
