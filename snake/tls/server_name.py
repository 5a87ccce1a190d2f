"""Server names: which of those that clients send there can be a certificate for.

Caddy takes what the Lookup profile of IDNA takes (RFC 5891 §5), and what certmagic finds fit for a
certificate. A client can send anything, so all else is refused before anybody is asked about it.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata

_LONGEST = 253
"""Characters of a name (RFC 1035 §2.3.4, without the root's dot)."""
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PREFIX = "xn--"


def fault_of(name: str) -> str:
    """Return why there can be no certificate for a name in lower case; empty if there can be one.

    An IP address is one for which there can be. What is shown of a name is safe in a log.
    """
    if not name:
        return "the client sent no name"
    if len(name) > _LONGEST:
        return f"the name has {len(name)} characters, and may have {_LONGEST}"
    if _is_address(name):
        return ""
    return next(filter(None, map(_fault_of_label, name.split("."))), "")


def _fault_of_label(label: str) -> str:
    if not _LABEL.fullmatch(label):
        return f"{label!a} is no part of a host name"
    if label[2:4] == "--" and not _is_international(label):
        return f"{label!a} is no part of an internationalized name"
    return ""


def _is_address(name: str) -> bool:
    try:
        return "%" not in str(ipaddress.ip_address(name))
    except ValueError:
        return False


def _is_international(label: str) -> bool:
    """Whether a label is the one form in which its text is written in ASCII (RFC 5890 §2.3.2.1)."""
    encoded = label.removeprefix(_PREFIX)
    if encoded == label:
        return False
    try:
        text = encoded.encode("ascii").decode("punycode")
        again = text.encode("punycode").decode("ascii")
    except UnicodeError:
        return False
    folded = unicodedata.normalize("NFKC", text).lower()
    printable = all(unicodedata.category(each)[0] in "LMN" or each in _JOINING for each in text)
    return again == encoded and not text.isascii() and folded == text and printable


_JOINING = "-\u00b7\u0375\u05f3\u05f4\u200c\u200d\u30fb"
"""What may stand in a label beside letters, marks and digits (RFC 5892 appendix A)."""
