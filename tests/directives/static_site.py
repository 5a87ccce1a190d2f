"""A folder of files and a site that serves it, for the tests of `file_server`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.site import Site, site_of_routes

MODIFIED = 1_577_934_245_678_000_000
NOBODY = 65_534
"""The user ID that owns nothing."""
ETAG = '"bzkz0979s0ow-b"'
"""The tag of `a.txt`: its time and its size."""


def write_files(parent: Path) -> Path:
    """Write a site of a few files, and a secret beside it; return the site's root."""
    folder = parent / "site"
    for name in ("dir", "empty", "sp ace"):
        (folder / name).mkdir(parents=True)
    (folder / "a.txt").write_text("hello world")
    (folder / "index.html").write_text("<h1>index</h1>")
    (folder / "dir/index.html").write_text("<h1>dir</h1>")
    (folder / "sp ace/index.txt").write_text("space")
    (folder / "README").write_text("read me")
    (folder / ".env").write_text("SECRET=1")
    (parent / "secret.txt").write_text("secret")
    os.utime(folder / "a.txt", ns=(MODIFIED, MODIFIED))
    return folder


def serving(root: Path, *before: dict[str, Any], **settings: Any) -> Site:
    """Return a site of handlers and a `file_server` with these settings."""
    handler = {"handler": "file_server", "root": str(root)} | settings
    return site_of_routes({"handle": [*before, handler]})
