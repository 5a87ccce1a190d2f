"""Which policy is for which name, and what is refused."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from snake.config.tls import TLSApp
from snake.core.errors import ConfigError
from snake.core.modules import Context, Registry
from snake.pki.authorities import Authorities
from snake.standard import MODULES
from snake.storage.folder import FileStorage
from snake.storage.storage import Storage
from snake.tls.policy import Automation, provision_automation

INTERNAL = {"module": "internal"}


@pytest.fixture
async def context(tmp_path: Path) -> Any:
    """A context at `apps/tls` with a storage and authorities of its own."""
    async with AsyncExitStack() as stack:
        storage = FileStorage(tmp_path)
        ctx = Context(Registry(MODULES), stack)
        authorities = await Authorities.provision(ctx.at("apps", "pki"), None, storage)
        offered = {Storage: storage, Authorities: authorities}
        yield Context(Registry(MODULES), stack, offered, "apps/tls")


async def provisioned(ctx: Context, *names: str, **automation: Any) -> Automation:
    """Return the automation of a `tls` app."""
    app = msgspec.json.decode(msgspec.json.encode({"automation": automation}), type=TLSApp)
    storage = ctx.service(Storage)  # type: ignore[type-abstract]
    assert storage is not None
    return await provision_automation(ctx, app, storage, names)


async def test_first_policy_that_covers_a_name_counts(context: Context) -> None:
    """A policy is for its subjects, wildcards included; one without subjects is for all."""
    found = await provisioned(
        context,
        policies=[
            {"subjects": ["a.com", "*.b.com"], "issuers": [INTERNAL], "key_type": "p384"},
            {"issuers": [INTERNAL]},
        ],
    )
    first, second = found.policies
    assert found.policy_for("a.com") is first
    assert found.policy_for("x.b.com") is first
    assert found.policy_for("b.com") is second


async def test_names_that_are_not_public_are_internal(context: Context) -> None:
    """Without a policy a public name is for a public authority, another for our own."""
    found = await provisioned(context, "localhost", "example.com")
    assert [issuer.key for issuer in found.policy_for("localhost").issuers] == ["local"]
    (public,) = found.policy_for("example.com").issuers
    assert public.key == "acme-v02.api.letsencrypt.org-directory"


async def test_on_demand_without_permission_is_refused(context: Context) -> None:
    """Nobody can have certificates issued without end: somebody has to allow them."""
    with pytest.raises(ConfigError, match="permission module") as raised:
        await provisioned(context, policies=[{"on_demand": True}])
    assert raised.value.path == "apps/tls/automation/policies/0"
    for policy in (
        {"on_demand": True, "subjects": ["a.com"]},
        {"on_demand": True, "issuers": [INTERNAL]},
    ):
        assert (await provisioned(context, policies=[policy])).policies[0].on_demand


async def test_subjects_of_on_demand_are_asked_for(context: Context) -> None:
    """Workers ask for the certificates of names that are on demand, and for no others."""
    found = await provisioned(
        context,
        policies=[
            {"subjects": ["*.b.com"], "on_demand": True, "issuers": [INTERNAL]},
            {"subjects": ["a.com"], "issuers": [INTERNAL]},
        ],
    )
    assert found.asks == ("*.b.com",)
    every = await provisioned(context, policies=[{"on_demand": True, "issuers": [INTERNAL]}])
    assert every.asks == ("*",)


@pytest.mark.parametrize(
    ("policy", "path", "message"),
    [
        ({"key_type": "p265"}, "key_type", "unrecognized key type: p265; did you mean .p256"),
        ({"must_staple": True}, "must_staple", "cannot staple OCSP"),
        ({"renewal_window_ratio": 1.5}, "renewal_window_ratio", "between 0 and 1"),
        ({"subjects": ["{nothing}"]}, "subjects/0", "unrecognized placeholder"),
    ],
)
async def test_wrong_policies_are_refused(
    context: Context, policy: dict[str, Any], path: str, message: str
) -> None:
    """What cannot work is refused where it stands."""
    with pytest.raises(ConfigError, match=message) as raised:
        await provisioned(context, policies=[policy])
    assert raised.value.path == f"apps/tls/automation/policies/0/{path}"
