"""Identity: the certificates that this snake proves itself with, to those who administer it.

They are obtained and renewed as those of sites are, and are in the supervisor alone: no worker
has their keys.
Source: https://caddyserver.com/docs/json/admin/identity/.
"""

from __future__ import annotations

import msgspec

from snake.config.admin import Identity
from snake.config.tls import Automation, AutomationPolicy, TLSApp
from snake.core.errors import DocumentError
from snake.core.modules import Context
from snake.storage.storage import Storage
from snake.tls.app import TLS, provision_tls
from snake.tls.automation import ACME
from snake.tls.ring import Ring

_PLACE = "admin/identity"
_POLICY = f"{_PLACE}/automation/policies/0"
_NAMES = f"{_PLACE}/certificates/automate"


class OwnIdentity:
    """The certificates of one document's identity, and what keeps them up."""

    def __init__(self, identity: Identity, tls: TLS) -> None:
        self.names = identity.identifiers
        self.keeper = tls.keeper
        self.ring = Ring()
        """The certificates that there are."""
        self.ring.update(tls.update)

    @classmethod
    async def provision(cls, ctx: Context, identity: Identity, storage: Storage) -> OwnIdentity:
        """Take the certificates that there are; `ctx` is at the document. Raises `ConfigError`."""
        names = identity.identifiers
        policy = AutomationPolicy(subjects=names, issuers=identity.issuers or (ACME,))
        app = TLSApp(
            certificates={"automate": msgspec.Raw(msgspec.json.encode(names))},
            automation=Automation(policies=(policy,)),
        )
        try:
            tls = await provision_tls(ctx.at("admin", "identity"), app, {}, storage)
        except DocumentError as error:
            raise type(error)(error.message, _place(error.path)) from None
        await tls.keeper.load()
        return cls(identity, tls)

    def begin(self) -> None:
        """From now on obtain and renew."""
        self.keeper.begin(self.ring.update)


def _place(path: str) -> str:
    """Return the place in the document of a fault in what was made of it."""
    path = path.replace(_POLICY, _PLACE).replace(_NAMES, f"{_PLACE}/identifiers")
    return path.replace(f"{_PLACE}/subjects", f"{_PLACE}/identifiers")
