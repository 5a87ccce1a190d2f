"""ZeroSSL: an account there is had by an email address alone.

Source: https://zerossl.com/documentation/acme/generate-eab-credentials/, and Caddy, which does so.
"""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec

from snake.acme.account import AccountError, External
from snake.acme.resources import NonsenseError
from snake.acme.wire import Wire
from snake.core.record import Record

DIRECTORY = "https://acme.zerossl.com/"
"""How the URLs of its directories begin."""
CREDENTIALS = "https://api.zerossl.com/acme/eab-credentials-email"
_OK = 200


class _Fault(Record):
    code: int = 0
    type: str = ""


class _Given(Record):
    error: _Fault = _Fault()
    eab_kid: str = ""
    eab_hmac_key: str = ""


async def external_account(wire: Wire, email: str, url: str = CREDENTIALS) -> External:
    """Return the account for an address. Raises `AccountError`, `NonsenseError` or `WireError`."""
    if not email.strip():
        raise AccountError("ZeroSSL needs an email address: set the global option email")
    answer = await wire.request(
        "POST",
        url,
        {"Content-Type": "application/x-www-form-urlencoded"},
        urlencode({"email": email}).encode(),
    )
    try:
        given = msgspec.json.decode(answer.body, type=_Given)
    except msgspec.DecodeError:
        raise NonsenseError(
            f"{url}: expected credentials, got HTTP status {answer.status}, with {answer.shown()}"
        ) from None
    # It may be an error with the status 200.
    if given.error.code or answer.status != _OK or not given.eab_kid or not given.eab_hmac_key:
        why = f"{given.error.type} (code {given.error.code})" if given.error.code else "no reason"
        raise AccountError(
            f"{url}: no credentials for this email address: HTTP status {answer.status}, "
            f"{why[:200]}",
            lasting=False,
        )
    return External(given.eab_kid, given.eab_hmac_key)
