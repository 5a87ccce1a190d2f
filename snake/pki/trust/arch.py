"""The store of Arch Linux.

Source: trust(1), https://wiki.archlinux.org/title/User:Grawity/Adding_a_trusted_CA_certificate.
"""

from __future__ import annotations

from snake.pki.trust.anchors import Anchors

store = Anchors(
    name="Arch",
    folder="/etc/ca-certificates/trust-source/anchors",
    ending=".crt",
    command=("trust", "extract-compat"),
    bundle="/etc/ca-certificates/extracted/tls-ca-bundle.pem",
)
