"""What a request over TLS is to routes, and what clients are told over it."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from snake.config.http import Server
from snake.config.tls import ConnectionPolicy
from snake.http.handler import Message, Send
from snake.http.ports import Ports
from snake.http.protocols import alt_svc, protocols_at
from snake.http.request import Request
from snake.http.response import respond
from snake.http.server import make_app
from snake.http.template import Template
from snake.tls.ring import Ring
from snake.tls.secured import SECURED, Secured
from tests.site import needs, site, site_of_json, site_of_routes
from tests.tls.test_secured import make_client

PLAIN = Secured(server_name="a.com", version=0x0304, cipher_suite=0x1301, alpn="h2", resumed=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", "tls1.3"),
        ("cipher_suite", "TLS_AES_128_GCM_SHA256"),
        ("proto", "h2"),
        ("proto_mutual", "true"),
        ("server_name", "a.com"),
        ("resumed", "true"),
        ("ech", "false"),
        ("client.subject", ""),
        ("client.serial", "<nil>"),
        ("client.san.dns_names", "[]"),
        ("client.san.dns_names.0", ""),
        ("client.public_key", ""),
        (
            "client.fingerprint",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        ("client.san.ips.x", "{http.request.tls.client.san.ips.x}"),
    ],
)
async def test_placeholders(name: str, value: str) -> None:
    """Placeholders tell of a connection what they tell in Caddy, also without a client's name."""
    async with site(f":80\nrespond <{{http.request.tls.{name}}}>") as served:
        assert (await served.get(secured=PLAIN)).text == f"<{value}>"


async def test_placeholders_of_a_client() -> None:
    """Placeholders tell what stands in the certificate of a client."""
    client = make_client()
    secured = Secured(peers=(client.public_bytes(Encoding.DER),))
    names = ("subject", "issuer", "serial", "san.dns_names", "san.uris.0", "san.ips", "san.emails")
    text = "|".join(f"{{http.request.tls.client.{name}}}" for name in names)
    async with site(f':80\nrespond "{text}"') as served:
        found = (await served.get(secured=secured)).text.split("|")

    assert found[1:] == [
        *("CN=CA", "4711", "[ann.a.com]", "spiffe://a.com/ann", "[::1]", "[ann@a.com]"),
    ]


@pytest.mark.parametrize(
    ("line", "over_tls", "over_none"),
    [
        ("protocol https", 200, 404),
        ("protocol http", 404, 200),
        ("tls", 200, 404),
        ("tls early_data", 404, 404),
        ("expression {scheme}=='https'", 200, 404),
    ],
)
async def test_matchers(line: str, over_tls: int, over_none: int) -> None:
    """Matchers tell requests over TLS from others."""
    async with site(f":80\n@it {line}\nrespond @it 200\nrespond 404") as served:
        assert (await served.get(secured=PLAIN)).status == over_tls
        assert (await served.get()).status == over_none


@pytest.mark.parametrize(
    ("host", "secured", "status"),
    [
        ("a.com", PLAIN, 200),
        ("A.com:443", PLAIN, 200),
        ("b.com", PLAIN, 421),
        ("", PLAIN, 421),
        ("127.0.0.1", Secured(), 421),
        ("b.com", None, 200),
    ],
    ids=str,
)
async def test_strict_host(host: str, secured: Secured | None, status: int) -> None:
    """With `strict_sni_host` a request is for the name that its TLS is for, or is refused."""
    route = {"handle": [{"handler": "static_response", "status_code": 200}]}
    async with site_of_routes(route, strict_sni_host=True) as served:
        assert (await served.get(host=host, secured=secured)).status == status


async def test_strict_host_is_an_error_like_others() -> None:
    """Error routes answer a request that is misdirected, and know why."""
    route = {"handle": [{"handler": "static_response", "status_code": 200}]}
    errors = {"routes": [{"handle": [{"handler": "static_response", "body": "{http.error}"}]}]}
    async with site_of_routes(route, errors=errors, strict_sni_host=True) as served:
        response = await served.get(host="b.com", secured=PLAIN)

    assert response.status == 421
    assert response.text.endswith(
        "strict host matching: TLS ServerName (a.com) and HTTP Host (b.com) values differ"
    )


@pytest.mark.parametrize("early", [True, False])
async def test_alt_svc(early: bool) -> None:  # noqa: FBT001
    """Who comes over TLS is told of HTTP/3, unless that is what it speaks or cannot speak."""

    def routes(request: Request, send: Send) -> Any:
        del request
        return respond(send, 204)

    app = make_app(routes, None, None, needs(early=early, alt_svc=b'h3=":443"; ma=2592000'))
    told = []
    asking = Secured(server_name="a.com", asks_client=True)
    for more in (
        {SECURED: PLAIN},
        {SECURED: PLAIN, "http_version": "3"},
        {},
        {SECURED: asking},
    ):
        scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/", **more}
        sent: list[Message] = []

        async def send(message: Message, sent: list[Message] = sent) -> None:
            sent.append(message)

        await app({**scope, "headers": []}, None, send)  # type: ignore[arg-type]
        told.append(dict(sent[0]["headers"]).get(b"alt-svc"))

    assert told == [b'h3=":443"; ma=2592000', None, None, None]


async def test_alt_svc_of_a_whole_response() -> None:
    """A response that is sent at once has it too, once, whether the transport takes it or not."""

    def routes(request: Request, send: Send) -> Any:
        del request
        return respond(send, 200, [(b"x-a", b"1")], b"hello")

    class Transport:
        def __init__(self, *, takes: bool) -> None:
            self.takes = takes
            self.headers: list[Any] = []

        async def __call__(self, message: Message) -> None:
            if message["type"] == "http.response.start":
                self.headers = message["headers"]

        def whole(self, start: Message, body: bytes) -> bool:
            del body
            self.headers = start["headers"] if self.takes else []
            return self.takes

    app = make_app(routes, None, None, needs(early=False, alt_svc=b"h3"))
    scope = {"type": "http", "http_version": "2", "method": "GET", "path": "/", SECURED: PLAIN}
    for takes in (True, False):
        transport = Transport(takes=takes)
        await app({**scope, "headers": []}, None, transport)  # type: ignore[arg-type]

        assert transport.headers == [(b"alt-svc", b"h3"), (b"x-a", b"1")]


@pytest.mark.parametrize(
    ("handlers", "value"),
    [
        ([], 'h3=":443"; ma=2592000'),
        ([{"handler": "headers", "response": {"set": {"Alt-Svc": ["x"]}}}], "x"),
        ([{"handler": "headers", "response": {"delete": ["Alt-Svc"]}}], None),
    ],
)
async def test_a_handler_may_change_alt_svc(handlers: list[Any], value: str | None) -> None:
    """It is a header like any other: a site may say another one, or none."""
    route = {"handle": [*handlers, {"handler": "static_response", "body": "hello"}]}
    settings = {"listen": [":443"], "tls_connection_policies": [{}]}
    served = site_of_json(
        {"apps": {"http": {"servers": {"srv0": {"routes": [route], **settings}}}}}, {Ring: Ring()}
    )
    async with served:
        response = await served.get(secured=PLAIN)

    assert response.text == "hello"
    assert response.header("alt-svc") == value


def server(*listen: str, **more: Any) -> Server:
    """Return a server with TLS."""
    return Server(listen=listen, tls_connection_policies=(ConnectionPolicy(),), **more)


@pytest.mark.parametrize(
    ("of", "value"),
    [
        (server(":443"), b'h3=":443"; ma=2592000'),
        (server(":80"), b""),
        (server(":443", protocols=("h1", "h2")), b""),
        (server("unix//run/a.sock"), b""),
        (Server(listen=(":443",)), b""),
        (
            server(":8443-8444", "[::1]:8443"),
            b'h3=":8443"; ma=2592000,h3=":8444"; ma=2592000',
        ),
        (
            server(":443", ":444", listen_protocols=(("h1",), None)),
            b'h3=":444"; ma=2592000',
        ),
    ],
)
def test_where_http3_is(of: Server, value: bytes) -> None:
    """HTTP/3 is at each port that has TLS, unless protocols are named without it."""
    assert alt_svc(of, Ports()) == value


def test_protocols_of_an_address() -> None:
    """An address may name its own protocols, and those of its server among them."""
    whole = ("h1", "h2")
    some = server(
        *(":1", ":2", ":3"), protocols=whole, listen_protocols=(None, ("h3", ""), ("h1",))
    )

    assert [protocols_at(some, index) for index in range(3)] == [whole, ("h3", "h1", "h2"), ("h1",)]
    assert protocols_at(server(":1"), 0) == ("h1", "h2", "h3")


@pytest.mark.parametrize(
    ("scheme", "told"), [("http", "http"), ("https", "https"), ("ws", "http"), ("wss", "https")]
)
def test_the_scheme_is_that_of_the_request(scheme: str, told: str) -> None:
    """A WebSocket begins as a request by HTTP or HTTPS, and has that scheme."""
    request = Request({"type": "http", "scheme": scheme}, None)  # type: ignore[arg-type]

    assert Template("{http.request.scheme}").known(request) == told
