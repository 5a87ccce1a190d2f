"""reverse_proxy: pass requests on to other servers.

Syntax::

    reverse_proxy [<matcher>] [<upstreams...>] {
        to                      <upstreams...>
        dynamic                 a | srv | multi [...]

        lb_policy               <policy> [...]
        lb_retries              <count>
        lb_try_duration         <duration>
        lb_try_interval         <duration>
        lb_retry_match          <request matcher> | { <request matchers> }

        health_uri              <uri>
        health_upstream         <host:port>
        health_port             <port>
        health_interval         <duration>
        health_timeout          <duration>
        health_passes           <count>
        health_fails            <count>
        health_status           <status>
        health_body             <regexp>
        health_method           <method>
        health_request_body     <text>
        health_follow_redirects
        health_headers          { <field> [<values...>] }

        fail_duration           <duration>
        max_fails               <count>
        unhealthy_status        <status...>
        unhealthy_latency       <duration>
        unhealthy_request_count <count>

        flush_interval          <duration> | -1
        request_buffers         <size> | unlimited
        response_buffers        <size> | unlimited
        stream_buffer_size      <size>
        stream_timeout          <duration>
        stream_close_delay      <duration>
        verbose_logs

        trusted_proxies         <ranges...> | private_ranges
        header_up               [+|-]<field> [<value> | <regexp> <replacement>]
        header_down             [+|-]<field> [<value> | <regexp> <replacement>]
        method                  <method>
        rewrite                 <uri>

        transport               http | fastcgi [...]

        @<name>                 status <code...> | header <field> [<value>]
        replace_status          [@<name>] <status>
        handle_response         [@<name>] { <directives...> }
    }

An upstream is `host:port`, `:port`, `unix//path`, or a URL of a scheme, a host and
a port: `https://` encrypts, `h2c://` is HTTP/2 without encryption. All have one
scheme. The port is 80 unless given, a range of ports is as many upstreams, and
placeholders may stand in an upstream without a scheme.

Any upstream that is available gets a request, unless `lb_policy` chooses. If it cannot
be dialled, another is tried at once. With `lb_retries` or `lb_try_duration`, a GET that
failed is tried again, or what `lb_retry_match` says.

The headers of a request go on as they are, and `X-Forwarded-For`, `-Proto` and
`-Host` are set. With `handle_response`, a response that matches `@name` is not
sent to the client: the directives inside answer, `copy_response` among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec.structs import replace

from snake.config.struct import seconds
from snake.core.check import check
from snake.core.modules import name_of
from snake.core.ranges import PRIVATE_RANGES
from snake.directives.header import Headers, Operations, compile_ops
from snake.directives.rewrite import Rewrite
from snake.http.fields import canonical
from snake.http.ip_ranges import compile_plain_ranges
from snake.http.response_handler import ResponseHandler, load_ways
from snake.matchers._nested import matcher_lines
from snake.matchers._response_handlers import ResponseHandlers
from snake.plugin import (
    Context,
    Directive,
    Duration,
    Fields,
    Guest,
    Handler,
    HandlerModule,
    In,
    Module,
    Reader,
    Scope,
    Segment,
    Table,
    Token,
    Words,
    to_json,
)
from snake.proxy.answering import Answering, response_edit
from snake.proxy.attempts import Attempts
from snake.proxy.balancing import BALANCING, BALANCING_TABLE, LoadBalancing, policy_reader
from snake.proxy.forwarding import trusting
from snake.proxy.handler import ProxyHandler, Proxying
from snake.proxy.health import HEALTH, HealthChecks, health_readers
from snake.proxy.http_transport import HTTPTransport, TLSConfig
from snake.proxy.passive import Failures
from snake.proxy.provision import provision_pool
from snake.proxy.retries import provision_retries
from snake.proxy.sources import SOURCES
from snake.proxy.streaming import STREAMING
from snake.proxy.tunnels import Tunnels
from snake.proxy.upstream import Upstream, Upstreams

TRANSPORTS = "http.reverse_proxy.transport"
H2C = ("h2c", "2")

_UNNECESSARY = {
    "x-forwarded-for": frozenset(
        {"{remote}", "{http.request.remote}", "{remote_host}", "{http.request.remote.host}"}
    ),
    "x-forwarded-proto": frozenset({"{scheme}", "{http.request.scheme}"}),
    "x-forwarded-host": frozenset(
        {"{host}", "{http.request.host}", "{hostport}", "{http.request.hostport}"}
    ),
}
"""Values of request headers that upstreams get without being told."""
_UPSTREAM_HOST = ("{upstream_hostport}", "{http.reverse_proxy.upstream.hostport}")
_DEPRECATED = {
    "forward_proxy_url": (
        "The 'forward_proxy_url' field is deprecated. Use 'network_proxy <url>' instead."
    ),
    "tls_trusted_ca_certs": (
        "The 'tls_trusted_ca_certs' field is deprecated. Use the 'tls_trust_pool' field instead."
    ),
}


class ReverseProxy(HandlerModule):
    """The JSON of `http.handlers.reverse_proxy`."""

    id = "http.handlers.reverse_proxy"

    transport: Annotated[Guest, In(TRANSPORTS, "protocol")] = None
    circuit_breaker: Annotated[Guest, In("http.reverse_proxy.circuit_breakers", "type")] = None
    load_balancing: LoadBalancing | None = None
    health_checks: HealthChecks | None = None
    upstreams: tuple[Upstream, ...] = ()
    dynamic_upstreams: Annotated[Guest, In(SOURCES, "source")] = None
    flush_interval: Duration = 0
    trusted_proxies: tuple[str, ...] = ()
    headers: Headers | None = None
    request_buffers: int = 0
    response_buffers: int = 0
    stream_timeout: Duration = 0
    stream_buffer_size: int = 0
    stream_close_delay: Duration = 0
    rewrite: Rewrite | None = None
    handle_response: tuple[ResponseHandler, ...] = ()
    verbose_logs: bool = False

    async def provision(self, ctx: Context) -> Handler:
        """Provision the transport and make the pool of upstreams."""
        if self.circuit_breaker is not None:
            check(self, ctx.registry, ctx.path)
            raise ctx.at("circuit_breaker").fail("not available in this version of snake")
        raw = msgspec.Raw(b'{"protocol":"http"}') if self.transport is None else self.transport
        transport = await ctx.at("transport").load(raw, namespace=TRANSPORTS, key="protocol")
        headers = self.headers or Headers()
        health = self.health_checks or HealthChecks()
        balancing = self.load_balancing or LoadBalancing()
        attempts = Attempts(
            transport=transport,
            pool=await provision_pool(
                ctx,
                transport,
                upstreams=self.upstreams,
                dynamic=self.dynamic_upstreams,
                balancing=balancing,
                health=health,
            ),
            retries=await provision_retries(ctx.at("load_balancing"), balancing),
            failures=Failures(health.passive),
            edit_request=compile_ops(ctx.at("headers", "request"), headers.request),
        )
        rewrite = self.rewrite or Rewrite()
        return ProxyHandler(
            Proxying(
                attempts=attempts,
                is_trusted=trusting(
                    compile_plain_ranges(ctx.at("trusted_proxies"), self.trusted_proxies)
                    if self.trusted_proxies
                    else None
                ),
                rewrite=rewrite.compile(ctx.at("rewrite")),
                bodiless=rewrite.method in ("GET", "HEAD"),
                ways=await load_ways(ctx.at("handle_response"), self.handle_response),
                answering=Answering(
                    response_edit(
                        headers.response,
                        compile_ops(ctx.at("headers", "response"), headers.response),
                    ),
                    Tunnels(
                        _seconds(ctx.at("stream_timeout"), self.stream_timeout),
                        _seconds(ctx.at("stream_close_delay"), self.stream_close_delay) or 0.0,
                    ),
                    self.response_buffers,
                ),
                buffer=self.request_buffers,
            )
        )


def _seconds(ctx: Context, time: Duration) -> float | None:
    return seconds(time, ctx.path)


class Proxy:
    """Collects what the lines of one proxy say. Other directives begin with something said."""

    def __init__(
        self,
        scope: Scope,
        *,
        transport: msgspec.Raw | None = None,
        responses: Sequence[ResponseHandler] = (),
    ) -> None:
        self.fields = Fields()
        self.up = Operations()
        self._down = Operations()
        self._scope = scope
        self._upstreams = Upstreams()
        self._responses = ResponseHandlers(scope, responses)
        self._given = transport
        self._transport: Module | None = None

    def read(self, line: Segment) -> ReverseProxy:
        """Read a line and its block. Raises `CaddyfileError`."""
        self._upstreams.add(*line.args)
        if line.lines:
            self.fields.read(line, _TABLE, self._readers())
        proxy = msgspec.convert(self.fields.values, ReverseProxy)
        return replace(
            proxy,
            transport=self._encoded_transport(line),
            upstreams=tuple(self._upstreams.all),
            headers=self._headers(),
            handle_response=tuple(self._responses.all()),
        )

    def _readers(self) -> dict[str, Reader]:
        fields, guests = self.fields, self._scope.guests
        return {
            "to": lambda words: self._upstreams.add(*words.some()),
            "dynamic": fields.reader("dynamic_upstreams", self._dynamic),
            "lb_policy": policy_reader(fields, guests),
            "lb_retry_match": self._retry_match,
            **health_readers(fields),
            "health_path": self._health_path,
            "trusted_proxies": self._trusted_proxies,
            "header_up": self._header_up,
            "header_down": self._header_down,
            "transport": self._read_transport,
            "verbose_logs": self._verbose_logs,
            **self._responses.readers(),
        }

    def _dynamic(self, words: Words) -> msgspec.Raw:
        return self._scope.guests.json(words.guest(), SOURCES, "source")

    def _retry_match(self, words: Words) -> None:
        matchers = self._scope.matcher_set(list(matcher_lines(words.rest())), "")
        self.fields.extend(f"{BALANCING}/retry_match", [matchers])

    def _health_path(self, words: Words) -> None:
        self._scope.warn(
            words.token,
            "the 'health_path' subdirective is deprecated, please use 'health_uri' instead!",
        )
        self.fields.set("health_checks/active/path", words.take().text)

    def _trusted_proxies(self, words: Words) -> None:
        for word in words.all():
            ranges = PRIVATE_RANGES if word.text == "private_ranges" else (word.text,)
            self.fields.extend("trusted_proxies", ranges)

    def _header_up(self, words: Words) -> None:
        given = _header(words)
        self.up.read(given)
        name, *values = (word.text for word in given)
        if len(values) == 1 and values[0] in _UNNECESSARY.get(name.lower(), ()):
            field = canonical(name)
            self._scope.warn(
                words.token,
                f"Unnecessary header_up {field}: the reverse proxy's default behavior "
                "is to pass headers to the upstream",
            )

    def _header_down(self, words: Words) -> None:
        self._down.read(_header(words))

    def _headers(self) -> Headers | None:
        request = self.up.on_request() if self.up != Operations() else None
        # Here, none of them waits for the response to start: all do anyway.
        self._down.deferred = False
        response = self._down.on_response(None) if self._down != Operations() else None
        return Headers(request=request, response=response) if request or response else None

    def _verbose_logs(self, words: Words) -> None:
        if self.fields.get("verbose_logs"):
            words.token.fail("verbose_logs already specified")
        self.fields.set("verbose_logs", value=True)

    def _read_transport(self, words: Words) -> None:
        line = words.guest()
        if self._given is not None:
            line.words[0].fail("transport already specified")
        self._transport = self._scope.guests.read(line, TRANSPORTS)
        for sub in line.lines:
            if message := _DEPRECATED.get(sub.name):
                self._scope.warn(sub.words[0], message)

    def _encoded_transport(self, line: Segment) -> msgspec.Raw | None:
        """Return the transport that upstreams of this scheme need."""
        scheme, transport = self._upstreams.scheme, self._transport
        if transport is None and scheme in ("https", "h2c"):
            transport = HTTPTransport()
        if isinstance(transport, HTTPTransport):
            transport = self._for_scheme(transport, scheme, line)
        elif transport is not None and scheme == "https":
            line.fail(
                "upstreams are configured for HTTPS but transport module does not support TLS: "
                f"{name_of(type(transport))}"
            )
        if transport is None or transport == HTTPTransport():
            return self._given
        return to_json(transport, "protocol")

    def _for_scheme(self, transport: HTTPTransport, scheme: str, line: Segment) -> HTTPTransport:
        if scheme == "https" and transport.tls is None:
            transport = replace(transport, tls=TLSConfig())
        if scheme == "h2c":
            transport = replace(transport, versions=H2C)
        if transport.tls is None:
            return transport
        if scheme == "http":
            line.fail(
                "upstream address scheme is HTTP but transport is configured for HTTP+TLS (HTTPS)"
            )
        if self.up.set.get("Host") in _UPSTREAM_HOST:
            self._scope.warn(
                line.words[0],
                "Unnecessary header_up Host: the reverse proxy's default behavior is to pass the "
                "configured upstream address to the upstream when proxying to HTTPS",
            )
        return transport


def _only(words: Words) -> str:
    return words.only().text


def _header(words: Words) -> tuple[Token, ...]:
    given = words.some("a field")
    if len(given) > 3:  # noqa: PLR2004
        given[3].fail(
            f"{words.name} takes a field, and a value or a regular expression and a replacement"
        )
    if given[0].text.startswith("?"):
        given[0].fail(
            f"{given[0]}: the default header modifier ('?') can only be used on response headers; "
            "for conditional manipulation of request headers, use matchers"
        )
    return given


_TABLE: Table = {
    **BALANCING_TABLE,
    **HEALTH,
    **STREAMING,
    "method": ("rewrite/method", _only),
    "rewrite": ("rewrite/uri", _only),
}


def parse(line: Segment, scope: Scope) -> ReverseProxy:
    """Read a `reverse_proxy` line."""
    return Proxy(scope).read(line)


directive = Directive("reverse_proxy", parse)
