"""ARI: when an authority would like a certificate to be renewed (RFC 9773)."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from snake.acme.client import Client
from snake.acme.key import encoded
from snake.acme.problem import retry_time
from snake.acme.resources import NonsenseError, Renewal, read
from snake.tls.issuer import RenewalWindow

_USUAL = 6 * 3600.0
"""Seconds until it is asked again, if the authority does not say (RFC 9773 §4.3.3)."""
_SHORTEST = 60.0
_LONGEST = 86400.0


def certificate_id(pem: str) -> str | None:
    """Return how an authority names the first certificate of a chain (RFC 9773 §4.1).

    `None` for one that does not say what signed it.
    """
    leaf = x509.load_pem_x509_certificate(pem.encode())
    try:
        extension = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except (x509.ExtensionNotFound, ValueError):
        return None
    identifier = extension.value.key_identifier
    if not identifier:
        return None
    # The serial number as in DER: one bit more than it needs, for the sign.
    number = leaf.serial_number
    serial = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return f"{encoded(identifier)}.{encoded(serial)}"


async def renewal_window(client: Client, pem: str) -> RenewalWindow | None:
    """Return when a certificate should be renewed; `None` if the authority has no opinion.

    Raises as `Client.get` does.
    """
    directory = await client.directory()
    id = certificate_id(pem) if directory.renewal_info else None
    if id is None:
        return None
    answer = await client.get(f"{directory.renewal_info.rstrip('/')}/{id}")
    renewal = read(answer, Renewal)
    start, end = (
        _time(answer.url, renewal.suggested.start),
        _time(answer.url, renewal.suggested.end),
    )
    if end <= start:
        raise NonsenseError(f"{answer.url}: its window ends before it begins (RFC 9773 §4.2)")
    now = client.now()
    when = retry_time(answer.header("retry-after"), now)
    wait = _USUAL if when is None else min(max(when - now, _SHORTEST), _LONGEST)
    return RenewalWindow(start, end, now + wait, renewal.explanation[:500])


def _time(url: str, text: str) -> float:
    """Return a time of RFC 3339."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise NonsenseError(f"{url}: {text[:40]!r} is no time (RFC 3339)")
    return when.timestamp()
