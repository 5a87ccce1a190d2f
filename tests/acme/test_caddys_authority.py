"""Certificates from the real Caddy's `acme_server`."""

from __future__ import annotations

from pathlib import Path

import pytest

from snake.acme.ports import Ports
from tests.acme.caddy_ca import caddy_ca, needs_port_80, own_address
from tests.acme.issuing import Asked, Host, fields


@needs_port_80
@pytest.mark.slow
@pytest.mark.parametrize("other", ["http", "tls-alpn"])
async def test_caddy_issues_for_an_address(tmp_path: Path, other: str) -> None:
    """A certificate for an address is had from Caddy, by either challenge (RFC 8738)."""
    address = own_address()
    challenges = {other: {"disabled": True}, "bind_host": address}
    with caddy_ca(tmp_path / "ca") as ca:
        host = Host(tmp_path, Ports())
        async with host.issuer(**fields(ca, challenges=challenges)) as issuer:
            asked = Asked(address)
            certificate = asked.certificate(await issuer.issue(asked.request()))
    assert certificate.names == (address,)
    assert certificate.chain.count("BEGIN CERTIFICATE") == 2
