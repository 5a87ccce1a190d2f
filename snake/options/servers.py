"""servers: how servers take connections, and what they make of requests.

Syntax::

    servers [<listener address>] {
        name                        <name>
        listener_wrappers {
            <wrapper...>
        }
        packet_conn_wrappers {
            <wrapper...>
        }
        timeouts {
            read_body               <duration>
            read_body_idle          <duration> [<bytes per second>]
            read_header             <duration>
            write                   <duration>
            write_idle              <duration> [<bytes per second>]
            write_max_chunk         <size>
            idle                    <duration>
        }
        keepalive_interval          <duration>
        keepalive_idle              <duration>
        keepalive_count             <number>
        max_header_size             <size>
        enable_full_duplex
        expected_underscore_headers <fields...>
        expected_dot_headers        <fields...>
        log_credentials
        protocols                   [h1] [h2] [h2c] [h3]
        strict_sni_host             [on | insecure_off]
        trusted_proxies             <source> [<options...>]
        trusted_proxies_strict
        trusted_proxies_unix
        client_ip_headers           <fields...>
        metrics {
            per_host
        }
        trace
        0rtt                        off
    }

Of listener wrappers there are `tls`, the place of TLS among them, and `proxy_protocol`::

    proxy_protocol {
        timeout         <duration>
        allow           <networks...>
        deny            <networks...>
        fallback_policy ignore | use | reject | require | skip
    }

It believes the PROXY header, of version 1 or 2, of who is allowed and not denied. For all
others the policy says if a header is read and forgotten (`ignore`, the default), believed,
a reason to close the connection, required, or no header at all. The time is 10 seconds.

A rate counts from the first byte that is waited for: the time is what a client has at
first, and each byte adds to it. `write_max_chunk` and `enable_full_duplex` change nothing
here: what a client takes is counted by the byte, and a body is read while the answer goes
out already. Nor does `0rtt off`: over HTTP/3 nothing is taken before a handshake is done.

With an address, they are for the servers that have it among their listener addresses,
written in the same way: `:443`. Without one, they are for all other servers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from snake.adapter.server_options import ServerOptions
from snake.caddyfile.words import Words, subdirectives
from snake.config.http import Metrics
from snake.core.numbers import integer, signed
from snake.core.suggest import suggestion
from snake.core.units import duration, size
from snake.plugin import Guests, Option, Segment

Fields = dict[str, Any]
Reader = Callable[[Words, Fields, Guests], None]

_PROTOCOLS = ("h1", "h2", "h2c", "h3")
_SNI = ("on", "insecure_off")


def _parse(
    line: Segment, earlier: tuple[ServerOptions, ...] | None, guests: Guests
) -> tuple[ServerOptions, ...]:
    if len(line.args) > 1:
        line.args[1].fail(f"servers takes one listener address, got {len(line.args)}")
    address = line.args[0].text if line.args else ""
    fields: Fields = {}
    for sub in subdirectives(line, READERS):
        if sub.name == "name" and not address:
            sub.token.fail("cannot set a name for a server without a listener address")
        READERS[sub.name](sub, fields, guests)
    options = ServerOptions(
        line,
        address,
        name=fields.pop("name", ""),
        log_credentials=fields.pop("log_credentials", False),
        trace=fields.pop("trace", False),
        fields=fields,
    )
    _refuse_doubles(options, earlier or ())
    return (*(earlier or ()), options)


def _refuse_doubles(options: ServerOptions, earlier: tuple[ServerOptions, ...]) -> None:
    for other in earlier:
        place = f"the other stands in {other.line.words[0].place}"
        if other.address == options.address:
            options.line.fail(
                "cannot have 'servers' global options with duplicate listener addresses: "
                f"{options.address}",
                place,
            )
        if options.name and other.name == options.name:
            options.line.fail(f"cannot use duplicate server name '{options.name}'", place)


def _name(sub: Words, fields: Fields, guests: Guests) -> None:
    del guests
    fields["name"] = sub.take("a name").text


def _wrappers(field: str, namespace: str) -> Reader:
    def read(sub: Words, fields: Fields, guests: Guests) -> None:
        read = (guests.json(line, namespace, "wrapper") for line in sub.block().lines)
        fields[field] = (*fields.get(field, ()), *read)

    return read


def _timeouts(sub: Words, fields: Fields, guests: Guests) -> None:
    for inner in subdirectives(sub.block(), _TIMEOUTS):
        _TIMEOUTS[inner.name](inner, fields, guests)


def _duration(field: str) -> Reader:
    def read(sub: Words, fields: Fields, guests: Guests) -> None:
        del guests
        fields[field] = sub.read(sub.take("a duration"), duration)

    return read


def _idle(timeout: str, rate: str) -> Reader:
    def read(sub: Words, fields: Fields, guests: Guests) -> None:
        del guests
        expected = "a duration, and perhaps a number of bytes per second"
        time, *rates = sub.some(expected)
        if len(rates) > 1:
            rates[1].fail(f"{sub.name} takes {expected}")
        fields[timeout] = sub.read(time, duration)
        if rates:
            fields[rate] = sub.read(rates[0], integer)

    return read


def _size(field: str) -> Reader:
    def read(sub: Words, fields: Fields, guests: Guests) -> None:
        del guests
        fields[field] = signed(sub.read(sub.only("one size"), size))

    return read


def _count(sub: Words, fields: Fields, guests: Guests) -> None:
    del guests
    fields["keepalive_count"] = sub.read(sub.take("a number"), _of_32_bits)


def _of_32_bits(text: str) -> int:
    return integer(text, 32)


def _flag(field: str, value: object = True) -> Reader:  # noqa: FBT002
    def read(sub: Words, fields: Fields, guests: Guests) -> None:
        del guests
        sub.none()
        fields[field] = value

    return read


def _names(field: str) -> Reader:
    def read(sub: Words, fields: Fields, guests: Guests) -> None:
        del guests
        fields[field] = tuple(word.text for word in sub.some("the names of header fields"))

    return read


def _each_once(field: str, known: tuple[str, ...] = ()) -> Reader:
    """Read names that may come once; those of several lines add up."""

    def read(sub: Words, fields: Fields, guests: Guests) -> None:
        del guests
        for word in sub.all():
            if known and word.text not in known:
                word.fail(
                    f"{sub.name}: unknown protocol '{word}'{suggestion(word.text, known)}",
                    f"expected {', '.join(known)}",
                )
            if word.text in fields.get(field, ()):
                word.fail(f"{sub.name}: '{word}' is given twice")
            fields[field] = (*fields.get(field, ()), word.text)
        if sub.block().lines:
            sub.token.fail(f"{sub.name} takes no block")

    return read


def _strict_sni_host(sub: Words, fields: Fields, guests: Guests) -> None:
    del guests
    word = sub.take() if sub.has_arguments else None
    if word is not None and word.text not in _SNI:
        word.fail(
            f"strict_sni_host only supports 'on' or 'insecure_off', got '{word}'"
            f"{suggestion(word.text, _SNI)}"
        )
    fields["strict_sni_host"] = word is None or word.text == "on"


def _trusted_proxies(sub: Words, fields: Fields, guests: Guests) -> None:
    if not sub.has_arguments:
        sub.token.fail(
            "trusted_proxies expects an IP range source module name as its first argument",
            "for example: trusted_proxies static private_ranges",
        )
    fields["trusted_proxies"] = guests.json(sub.guest(), "http.ip_sources", "source")


def _metrics(sub: Words, fields: Fields, guests: Guests) -> None:
    del guests
    per_host = [inner.name for inner in subdirectives(sub.block(), ("per_host",))]
    fields["metrics"] = Metrics(per_host=bool(per_host))


def _early_data(sub: Words, fields: Fields, guests: Guests) -> None:
    del guests
    word = sub.take("'off'")
    if word.text != "off":
        word.fail(f"unsupported 0rtt argument '{word}' (only 'off' is supported)")
    fields["allow_0rtt"] = False


_TIMEOUTS: Mapping[str, Reader] = {
    "read_body": _duration("read_timeout"),
    "read_body_idle": _idle("read_idle_timeout", "read_min_rate"),
    "read_header": _duration("read_header_timeout"),
    "write": _duration("write_timeout"),
    "write_idle": _idle("write_idle_timeout", "write_min_rate"),
    "write_max_chunk": _size("max_write_chunk"),
    "idle": _duration("idle_timeout"),
}

READERS: Mapping[str, Reader] = {
    "name": _name,
    "listener_wrappers": _wrappers("listener_wrappers", "caddy.listeners"),
    "packet_conn_wrappers": _wrappers("packet_conn_wrappers", "caddy.packetconns"),
    "timeouts": _timeouts,
    "keepalive_interval": _duration("keepalive_interval"),
    "keepalive_idle": _duration("keepalive_idle"),
    "keepalive_count": _count,
    "max_header_size": _size("max_header_bytes"),
    "enable_full_duplex": _flag("enable_full_duplex"),
    "expected_underscore_headers": _names("expected_underscore_headers"),
    "expected_dot_headers": _names("expected_dot_headers"),
    "log_credentials": _flag("log_credentials"),
    "protocols": _each_once("protocols", _PROTOCOLS),
    "strict_sni_host": _strict_sni_host,
    "trusted_proxies": _trusted_proxies,
    "trusted_proxies_strict": _flag("trusted_proxies_strict", 1),
    "trusted_proxies_unix": _flag("trusted_proxies_unix"),
    "client_ip_headers": _each_once("client_ip_headers"),
    "metrics": _metrics,
    "trace": _flag("trace"),
    "0rtt": _early_data,
}

servers = Option("servers", _parse)
