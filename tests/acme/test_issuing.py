"""Certificates from a real authority: Pebble, which rejects nonces and validates."""

from __future__ import annotations

from pathlib import Path

from tests.acme.issuing import Asked, fields, host
from tests.acme.pebble import needs_pebble, pebble


@needs_pebble
async def test_http01_proves_a_name(tmp_path: Path) -> None:
    """A certificate is had by HTTP-01, from a port that is open for as long as it takes."""
    with pebble(tmp_path / "ca") as ca:
        only_http = {"tls-alpn": {"disabled": True}}
        async with host(tmp_path, ca).issuer(**fields(ca, challenges=only_http)) as issuer:
            asked = Asked("a.example.com")
            certificate = asked.certificate(await issuer.issue(asked.request()))
    assert certificate.names == ("a.example.com",)


@needs_pebble
async def test_tlsalpn01_proves_a_name(tmp_path: Path) -> None:
    """A certificate is had by TLS-ALPN-01."""
    with pebble(tmp_path / "ca") as ca:
        only_tls = {"http": {"disabled": True}}
        async with host(tmp_path, ca).issuer(**fields(ca, challenges=only_tls)) as issuer:
            asked = Asked("a.example.com")
            certificate = asked.certificate(await issuer.issue(asked.request()))
    assert certificate.names == ("a.example.com",)
