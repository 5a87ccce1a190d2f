"""Links: the URLs of an ACME server, as its client has reached it."""

from __future__ import annotations

from snake.core.record import Record

DIRECTORY, NEW_NONCE = "directory", "new-nonce"
NEW_ACCOUNT, NEW_ORDER, REVOKE, KEY_CHANGE = "new-account", "new-order", "revoke-cert", "key-change"
ACCOUNT, ORDER, AUTHORIZATION = "account", "order", "authz"
CHALLENGE, CERTIFICATE, FINALIZE, ORDERS = "challenge", "certificate", "finalize", "orders"


class Links(Record):
    """The URLs below one: `https://<host>/acme/<authority>`."""

    base: str

    def to(self, *parts: str) -> str:
        """Return the URL of a resource."""
        return "/".join((self.base, *parts))

    @property
    def directory(self) -> dict[str, str]:
        """What a client begins with (RFC 8555 §7.1.1)."""
        return {
            "newNonce": self.to(NEW_NONCE),
            "newAccount": self.to(NEW_ACCOUNT),
            "newOrder": self.to(NEW_ORDER),
            "revokeCert": self.to(REVOKE),
            "keyChange": self.to(KEY_CHANGE),
        }
