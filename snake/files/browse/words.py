"""Words: a listing as templates have it, by the names that it has in Caddy's.

As in all templates, the first letter of a name is small.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

from snake.files.browse.human import human_size
from snake.files.browse.kinds import kind_of
from snake.files.browse.listing import Item, Listing

Words = dict[str, Any]

_NO_CHARACTER = re.compile("[\ud800-\udfff]")
_UNSEEN = {code: rf"\x{code:02x}" for code in (*range(0x20), 0x7F)} | {
    ord(char): repr(char)[1:-1] for char in "\t\n\r"
}
"""What is not seen, as Python writes it."""


def words_of(listing: Listing, wanted: str) -> Words:
    """Return the words of a template; `wanted` is the filter: a part of the names to be shown."""
    items = [_item(item) for item in listing.items]
    return {
        "name": listing.name,
        "title": shown(listing.name),
        "path": listing.path,
        "canGoUp": listing.can_go_up,
        "breadcrumbs": [{"link": link, "text": shown(text)} for link, text in listing.breadcrumbs],
        "items": items,
        "shown": [item for item in items if wanted.lower() in item["name"].lower()],
        "numDirs": listing.num_dirs,
        "numFiles": listing.num_files,
        "totalFileSize": listing.total_file_size,
        "totalFileSizeFollowingSymlinks": listing.total_file_size_following_symlinks,
        "humanTotalFileSize": human_size(listing.total_file_size),
        "humanTotalFileSizeFollowingSymlinks": human_size(
            listing.total_file_size_following_symlinks
        ),
        "sort": listing.sort,
        "order": listing.order,
        "layout": listing.layout,
        "limit": listing.limit,
        "offset": listing.offset,
        "step": listing.step or listing.offset,
        **_links(listing, wanted),
    }


def _item(item: Item) -> Words:
    name = item.name
    return {
        "name": name,
        "title": shown(name.removesuffix("/")),
        "size": item.size,
        "url": item.url,
        "modTime": item.modified,
        "mode": item.mode,
        "isDir": item.is_dir,
        "isSymlink": item.is_symlink,
        "symlinkPath": item.symlink_path,
        "hasExt": partial(_has_ext, name.lower()),
        "humanSize": human_size(item.size),
        "humanModTime": item.modified.strftime,
        "kind": kind_of(name),
    }


def _has_ext(name: str, *extensions: str) -> bool:
    return name.endswith(tuple(str(each).lower() for each in extensions))


def shown(text: str) -> str:
    """Return a name with something to see in place of what cannot be seen or is no character."""
    return _NO_CHARACTER.sub("\ufffd", text.translate(_UNSEEN))


def _links(listing: Listing, wanted: str) -> Words:
    """Return the filter, what a form has to keep beside it, and how to link to another view."""
    layout = listing.layout if listing.layout != "list" else ""
    state = {"layout": layout, "limit": listing.step, "filter": wanted}
    kept = [(name, value) for name, value in state.items() if value and name != "filter"]
    return {"filter": wanted, "kept": kept, "link": _linking(state)}


def _linking(state: dict[str, Any]) -> Callable[..., str]:
    def link(**changes: Any) -> str:  # noqa: ANN401
        query = {name: value for name, value in (state | changes).items() if value}
        return f"?{urlencode(query, errors='replace')}"

    return link
