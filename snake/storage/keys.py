"""Keys: where in a storage everything is, by certmagic's names, so that Caddy finds it too.

::

    certificates/<issuer>/<name>/<name>.{crt,key,json}
    acme/<issuer>/users/<email>/<user>.{json,key}
    acme/<issuer>/challenge_tokens/<name>.json
    ocsp/<name>-<hash>
    pki/authorities/<id>/{root,intermediate}.{crt,key}
    locks/<name>.lock
    last_clean.json

Source: https://pkg.go.dev/github.com/caddyserver/certmagic#KeyBuilder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

CERTIFICATES = "certificates"
STAPLES = "ocsp"
LOCKS = "locks"
LAST_CLEAN = "last_clean.json"

_LONGEST_NAMES = 1024
"""Characters; certmagic cuts a longer list of names."""
_REPLACED = {" ": "_", "+": "_plus_", "*": "wildcard_", ":": "-", "..": ""}
_TO_REPLACE = re.compile("|".join(map(re.escape, _REPLACED)))
_NOT_SAFE = re.compile(r"[^\w@.-]", re.ASCII)


def safe(text: str) -> str:
    """Return a text as one part of a key: certmagic's `KeyBuilder.Safe`."""
    text = _TO_REPLACE.sub(lambda found: _REPLACED[found[0]], text.lower().strip())
    return _NOT_SAFE.sub("", text)


def site(issuer_key: str, name: str) -> str:
    """Return the folder of the certificate for a name, or for the names in `joined`."""
    return f"{CERTIFICATES}/{safe(issuer_key)}/{safe(ascii_name(name))}"


def certificate(issuer_key: str, name: str, ending: str) -> str:
    """Return the key of a certificate (`crt`), its private key (`key`) or metadata (`json`)."""
    return f"{site(issuer_key, name)}/{safe(ascii_name(name))}.{ending}"


def joined(names: Iterable[str]) -> str:
    """Return the names of one certificate as the name that it is stored under."""
    text = ",".join(sorted(map(ascii_name, names)))
    end = "_trunc"
    return text if len(text) <= _LONGEST_NAMES else text[: _LONGEST_NAMES - len(end)] + end


def account(issuer_key: str, email: str, ending: str) -> str:
    """Return the key of an ACME account: what the CA knows (`json`), or its key (`key`)."""
    email = email.lower() or "default"
    user, at, domain = email.partition("@")
    name = safe((domain if at and not user else user) or _UNNAMED[ending])
    return f"{accounts(issuer_key)}/{safe(email)}/{name}.{ending}"


_UNNAMED = {"json": "registration", "key": "private"}


def accounts(issuer_key: str) -> str:
    """Return the folder of the accounts with one CA."""
    return f"acme/{safe(issuer_key)}/users"


def challenge(issuer_key: str, name: str) -> str:
    """Return the key of the challenge for a name.

    For TLS-ALPN-01 and an address, the name is that in the reverse DNS, as the CA asks by it.
    """
    return f"acme/{safe(issuer_key)}/challenge_tokens/{safe(name)}.json"


def issuance(name: str) -> str:
    """Return the name of the lock for who obtains or renews the certificate of a name."""
    return f"issue_cert_{ascii_name(name)}"


def issuer_of(directory: str) -> str:
    """Return the issuer key of an ACME CA, from the URL of its directory."""
    try:
        url = urlsplit(directory)
    except ValueError:
        return directory
    path = url.path.replace("/", "-").replace("\\", "-").strip("-")
    host = url.netloc.rpartition("@")[2]
    return f"{host}-{path}" if path else host


def ascii_name(name: str) -> str:
    """Return a host name as it is in a certificate: its labels in Punycode (RFC 3492)."""
    return name if name.isascii() else ".".join(map(_ascii_label, name.split(".")))


def _ascii_label(label: str) -> str:
    return label if label.isascii() else f"xn--{label.encode('punycode').decode()}"
