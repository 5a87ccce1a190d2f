"""The internal issuer, as a configuration has it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from snake.core.errors import ConfigError
from snake.core.modules import Context, Registry
from snake.pki.authorities import Authorities
from snake.standard import MODULES
from snake.tls.issuer import Issuer, Request
from tests.pki.requests import certificates, provisioned, request


async def issuer(authorities: Authorities | None, **fields: object) -> Issuer:
    """Return the issuer with these fields."""
    raw = msgspec.Raw(msgspec.json.encode({"module": "internal", **fields}))
    services = {} if authorities is None else {Authorities: authorities}
    async with AsyncExitStack() as stack:
        ctx = Context(Registry(MODULES), stack, services, "issuers/0")
        found: Issuer = await ctx.load(raw, namespace="tls.issuance", key="module")
        return found
    raise AssertionError


async def test_it_issues_for_half_a_day(tmp_path: Path) -> None:
    """Without more words, certificates are those of the authority `local`, valid for 12 hours."""
    internal = await issuer(await provisioned(tmp_path))

    issued = await internal.issue(Request(("a.test",), request("a.test")))

    leaf = certificates(issued.chain)[0]
    assert internal.key == "local"
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).total_seconds() == 12 * 3600
    assert "ECC Intermediate" in leaf.issuer.rfc4514_string()


async def test_it_has_the_authority_lifetime_and_signer_that_are_named(tmp_path: Path) -> None:
    """`ca`, `lifetime` and `sign_with_root` are what they say."""
    authorities = await provisioned(tmp_path, office={"name": "Office"})
    internal = await issuer(authorities, ca="office", lifetime="90m", sign_with_root=True)

    issued = await internal.issue(Request(("a.test",), request("a.test")))

    leaf = certificates(issued.chain)[0]
    assert internal.key == "office"
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).total_seconds() == 5400
    assert leaf.issuer == (await authorities.get("office")).root.subject


async def test_unknown_authority_has_a_place(tmp_path: Path) -> None:
    """An authority that is not configured is an error at the field that names it."""
    with pytest.raises(ConfigError, match="issuers/0/ca: no certificate authority"):
        await issuer(await provisioned(tmp_path), ca="office")


async def test_it_needs_authorities() -> None:
    """Where nobody has authorities, the error says so."""
    with pytest.raises(ConfigError, match="no certificate authorities in this process"):
        await issuer(None)
