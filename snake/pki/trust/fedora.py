"""The store of Fedora, Red Hat Enterprise Linux and what comes from them.

Source: update-ca-trust(8).
"""

from __future__ import annotations

from snake.pki.trust.anchors import Anchors

store = Anchors(
    name="Fedora",
    folder="/etc/pki/ca-trust/source/anchors",
    ending=".pem",
    command=("update-ca-trust", "extract"),
    bundle="/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
)
