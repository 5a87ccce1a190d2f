"""The store of Debian, Ubuntu, Alpine and what comes from them.

Source: update-ca-certificates(8).
"""

from __future__ import annotations

from snake.pki.trust.anchors import Anchors

store = Anchors(
    name="Debian",
    folder="/usr/local/share/ca-certificates",
    ending=".crt",
    command=("update-ca-certificates",),
    bundle="/etc/ssl/certs/ca-certificates.crt",
    forgetting=("--fresh",),
)
