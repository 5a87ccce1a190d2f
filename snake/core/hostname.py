"""Host names in the form in which they are compared."""

from __future__ import annotations


def ascii_name(host: str) -> str:
    """Return a name as a client sends it: in lower case, international labels as punycode."""
    if host.isascii():
        return host.lower()
    labels = [
        label if label.isascii() else f"xn--{label.lower().encode('punycode').decode()}"
        for label in host.split(".")
    ]
    return ".".join(labels).lower()
