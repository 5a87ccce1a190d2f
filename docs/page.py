"""A page of the site that is generated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """Where a page is on the site, its Markdown, and the file of the repository that it shows.

    Links in `text` are relative to `source`, or to the page itself if it shows no file.
    """

    path: str
    text: str
    source: str = ""
