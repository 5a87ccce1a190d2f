"""proxy.http_transport: what is said of the certificates of upstreams."""

from __future__ import annotations

import msgspec
import pytest

from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.guests import Guests
from snake.caddyfile.read import read as read_text
from snake.caddyfile.segments import Segment
from snake.core.modules import Module, Registry
from snake.proxy.http_transport import HTTPTransport, TLSConfig


class Pool(Module):
    """A pool of authorities."""

    id = "tls.ca_pool.source.pool"

    file: str = ""

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Pool:
        """Read `pool <file>`."""
        del guests
        return cls(file=line.arg())


GUESTS = Guests(Registry({Pool.id: f"{__name__}:Pool"}))


def read(lines: str) -> HTTPTransport:
    """Read a transport with these lines."""
    (site,) = read_text(f"a {{\nhttp {{\n{lines}\n}}\n}}\n", "Caddyfile").sections
    return HTTPTransport.from_caddyfile(site.lines[0], GUESTS)


def test_pool_of_authorities() -> None:
    """A pool is a module of its own, and makes the connection encrypted."""
    tls = read("tls_trust_pool pool a.pem").tls

    assert tls is not None
    assert msgspec.json.decode(tls.ca or b"") == {"file": "a.pem", "provider": "pool"}


def test_client_certificates() -> None:
    """One argument names a certificate that is managed, two are files; both may be said."""
    assert read("tls_client_auth a\ntls_client_auth b c").tls == TLSConfig(
        client_certificate_automate="a",
        client_certificate_file="b",
        client_certificate_key_file="c",
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("tls_trust_pool", "tls_trust_pool takes the name of a module"),
        ("tls_trust_pool pol a", "module not registered: tls.ca_pool.source.pol"),
        ("tls_trust_pool pool a b", "pool takes one argument, got 2"),
        ("tls_trust_pool pool a\ntls_trust_pool pool b", "cannot specify 'tls_trust_pool' twice"),
        ("tls_trust_pool pool a\ntls_trusted_ca_certs b", "cannot specify both"),
        ("tls_trusted_ca_certs b\ntls_trust_pool pool a", "cannot specify both"),
        ("tls_trusted_ca_certs", "tls_trusted_ca_certs takes an argument"),
        ("tls_client_auth", "tls_client_auth takes an argument"),
        ("tls_client_auth a b c", "tls_client_auth takes the name of a certificate"),
        ("keepalive", "keepalive takes an argument"),
        ("keepalive on", "keepalive: invalid duration"),
    ],
)
def test_wrong_lines(lines: str, message: str) -> None:
    """What contradicts itself, or is not complete, is refused."""
    with pytest.raises(CaddyfileError) as raised:
        read(lines)
    assert raised.value.message.startswith(message)
