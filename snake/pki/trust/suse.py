"""The store of SUSE and openSUSE.

Source: update-ca-certificates(8) of the package ca-certificates there.
"""

from __future__ import annotations

from snake.pki.trust.anchors import Anchors

store = Anchors(
    name="SUSE",
    folder="/usr/share/pki/trust/anchors",
    ending=".crt",
    command=("update-ca-certificates",),
    bundle="/etc/ssl/ca-bundle.pem",
)
