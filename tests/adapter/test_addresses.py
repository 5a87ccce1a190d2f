"""Site addresses, and where they listen."""

from __future__ import annotations

import pytest

from snake.adapter.addresses import Bind, Ports, listeners, read_address
from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.segments import Token
from snake.core.network import split_host_port


def key(text: str) -> Token:
    """Return an address as a token."""
    return Token(text, "Caddyfile", 7, column=1, source=text)


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port", "path"),
    [
        ("example.com", "", "example.com", "", ""),
        ("Example.COM:80", "", "example.com", "80", ""),
        ("HTTP://a", "http", "a", "", ""),
        ("https://a:8443/x/Y", "https", "a", "8443", "/x/Y"),
        (":80", "", "", "80", ""),
        ("http://", "http", "", "", ""),
        ("a:", "", "a", "", ""),
        ("[::1]", "", "::1", "", ""),
        ("[::1]:80", "", "::1", "80", ""),
        ("::1", "", "::1", "", ""),
        ("[2001:DB8:0:0::1]", "", "2001:db8::1", "", ""),
        ("::FFFF:1.2.3.4", "", "::ffff:1.2.3.4", "", ""),
        ("*.a.com", "", "*.a.com", "", ""),
        ("{env.HOST}.COM", "", "{env.HOST}.com", "", ""),
        ("a:80:90", "", "a:80:90", "", ""),
    ],
)
def test_address_has_its_parts(text: str, scheme: str, host: str, port: str, path: str) -> None:
    """An address is split as Caddy splits it, and in lower case but for its path."""
    address = read_address(key(text))

    assert (address.scheme, address.host, address.port, address.path) == (scheme, host, port, path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:70000", "port 70000 is out of range"),
        (f"a:{'9' * 5000}", "is out of range"),
        ("a:-1", "port -1 is out of range"),
        ("a:x", "invalid port 'x'"),
        ("ftp://a", "unsupported URL scheme ftp://"),
        ("wss://a", "use https:// instead"),
        ("ws://a", "use http:// instead"),
    ],
)
def test_wrong_address_is_refused(text: str, message: str) -> None:
    """An address that cannot be says what is wrong with it, and where it stands."""
    with pytest.raises(CaddyfileError) as raised:
        read_address(key(text))

    assert message in raised.value.message
    assert raised.value.line == 7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:80", ("a", "80")),
        ("a:", ("a", "")),
        (":80", ("", "80")),
        ("[::1]:80", ("::1", "80")),
        ("a", None),
        ("::1", None),
        ("[::1]", None),
        ("[::1:80", None),
        ("[a]b:80", None),
    ],
)
def test_host_and_port_are_split_as_go_does(text: str, expected: tuple[str, str] | None) -> None:
    """Without a colon, or with too many, there is nothing to split."""
    assert split_host_port(text) == expected


@pytest.mark.parametrize(
    ("text", "binds", "expected"),
    [
        ("a", [], [":443"]),
        ("http://a", [], [":80"]),
        ("a:81", [], [":81"]),
        ("a", ["127.0.0.1"], ["127.0.0.1:443"]),
        ("a", ["::1", "[::2]"], ["[::1]:443", "[::2]:443"]),
        ("a", ["tcp4/0.0.0.0", "udp/x"], ["tcp4/0.0.0.0:443", "udp/x:443"]),
        ("a:9", ["unix//run/a.sock", "fd/3"], ["unix//run/a.sock", "fd/3"]),
    ],
)
def test_site_listens_on_its_port_of_every_address(
    text: str, binds: list[str], expected: list[str]
) -> None:
    """The port comes from the site, the rest from where it is bound."""
    bound = [Bind(tuple(binds), ("h1",))] if binds else []

    found = listeners(read_address(key(text)), bound, Ports())

    assert list(found) == expected
    assert set(found.values()) == {("h1",) if binds else ()}


def test_scheme_must_go_with_the_port() -> None:
    """`http://` on the HTTPS port is refused, and the other way round."""
    for text in ("http://a:8443", "https://a:8080"):
        with pytest.raises(CaddyfileError, match="scheme and port violate convention"):
            listeners(read_address(key(text)), [], Ports("8080", "8443"))
