"""`snake reverse-proxy`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from snake.cli.quick_document import Json, debug_option, document, fields, run
from snake.core.errors import SnakeError
from snake.core.network import AddressError

_PORTS = {"http": "80", "https": "443"}
_H2C = ["h2c", "2"]


@click.command("reverse-proxy")
@click.option(
    "-f", "--from", "source", default="localhost", metavar="ADDRESS", help="Where; localhost."
)
@click.option("-t", "--to", multiple=True, metavar="ADDRESS", help="An upstream, or several.")
@click.option("-c", "--change-host-header", is_flag=True, help="Send Host as the upstream's.")
@click.option(
    "-H", "--header-up", multiple=True, metavar="LINE", help="A field of requests, like 'X-A: b'."
)
@click.option(
    "-d", "--header-down", multiple=True, metavar="LINE", help="A field of responses, likewise."
)
@click.option("--insecure", is_flag=True, help="Trust any certificate of an upstream.")
@click.option("-i", "--internal-certs", is_flag=True, help="Serve snake's own certificates.")
@click.option("-r", "--disable-redirects", is_flag=True, help="Do not redirect HTTP to HTTPS.")
@click.option("--access-log", is_flag=True, help="Log requests.")
@debug_option
def command(**given: Any) -> int:  # noqa: ANN401
    """Pass requests on to other servers.

    \b
    snake reverse-proxy --to :9000                     https://localhost
    snake reverse-proxy --from :8080 --to :9000        plain HTTP
    snake reverse-proxy --from a.com --to a:80,b:80    two upstreams
    snake reverse-proxy --to https://b.com -c          with the Host of b.com

    A --from with a name or an IP address is served by HTTPS, unless it begins with
    http:// or ends in :80. A --to may be a range of ports or a unix//path.
    """  # noqa: D301  (\b tells click to keep the lines)
    return run(made(**given))


def made(**given: Any) -> Json:  # noqa: ANN401
    """Return the document of these flags. Raises `SnakeError`."""
    scheme, host, port = _source(given["source"])
    route: Json = {"handle": [_handler(given)]}
    if host:
        route = {"match": [{"host": [host]}]} | route
    server: Json = {"listen": [f":{port}"], "routes": [route]}
    if scheme == "http":
        server["automatic_https"] = {"disable": True}
    elif given["disable_redirects"]:
        server["automatic_https"] = {"disable_redirects": True}
    if given["access_log"]:
        server["logs"] = {}
    tls: Json | None = None
    if given["internal_certs"]:
        policy = {"subjects": [host], "issuers": [{"module": "internal"}]}
        tls = {"automation": {"policies": [policy]}}
    return document({"proxy": server}, debug=given["debug"], tls=tls)


def _source(text: str) -> tuple[str, str, str]:
    """Return the scheme, host and port to serve; what is not said follows from the rest."""
    from snake.adapter.addresses import read_address  # noqa: PLC0415  (the help needs it not)
    from snake.caddyfile.errors import CaddyfileError  # noqa: PLC0415
    from snake.caddyfile.segments import Token  # noqa: PLC0415

    try:
        address = read_address(Token(text, "--from", 1))
    except CaddyfileError as error:
        why = error.message.removeprefix("parsing key: ").partition(": strconv")[0]
        raise SnakeError(f'--from: "{text}" is no address: {why}') from None
    if address.path:
        raise SnakeError(f'--from takes no path, got "{text}"')
    plain = address.port == "80" or not address.host
    scheme = address.scheme or ("http" if plain else "https")
    return scheme, address.host, address.port or _PORTS[scheme]


def _handler(given: dict[str, Any]) -> Json:
    scheme, dials = _upstreams(part for text in given["to"] for part in text.split(","))
    transport: Json = {"protocol": "http"}
    if scheme == "https":
        transport["tls"] = {"insecure_skip_verify": True} if given["insecure"] else {}
    elif scheme == "h2c":
        transport["versions"] = _H2C
    handler: Json = {
        "handler": "reverse_proxy",
        "transport": transport,
        "upstreams": [{"dial": dial} for dial in dials],
    }
    if headers := _headers(given):
        handler["headers"] = headers
    return handler


def _headers(given: dict[str, Any]) -> Json:
    request = fields("--header-up", given["header_up"])
    if given["change_host_header"]:
        request["Host"] = ["{http.reverse_proxy.upstream.hostport}"]
    response = fields("--header-down", given["header_down"])
    parts = {"request": request, "response": response}
    return {part: {"set": found} for part, found in parts.items() if found}


def _upstreams(given: Iterable[str]) -> tuple[str, list[str]]:
    """Return the scheme of the upstreams, and the addresses to dial. Raises `SnakeError`."""
    from snake.proxy.address import (  # noqa: PLC0415  (the help needs it not)
        UpstreamAddressError,
        read_upstream,
    )

    schemes: dict[str, str] = {}
    dials: list[str] = []
    for text in given:
        try:
            address = read_upstream(text)
            dials += address.each()
        except (AddressError, UpstreamAddressError) as error:
            raise SnakeError(f'--to: "{text}" is no upstream: {error}') from None
        if address.scheme:
            schemes.setdefault(address.scheme, text)
    if not dials:
        raise SnakeError("--to is missing: the address of an upstream, like --to localhost:9000")
    if len(schemes) > 1:
        raise SnakeError(
            f"--to: all upstreams have one scheme, got {' and '.join(schemes.values())}"
        )
    return next(iter(schemes), ""), dials
