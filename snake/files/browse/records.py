"""Records: a listing for programs, as JSON and as lines of text, to the byte as Caddy's.

Source: Go's `encoding/json` and `text/tabwriter`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime

from snake.files.browse.human import human_size
from snake.files.browse.listing import Item

_TAB = 8
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_NO_UNICODE = re.compile("[\udc80-\udcff]")
_UNSAFE = re.compile("[<>&\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def as_json(items: Sequence[Item]) -> bytes:
    """Write a list of objects, one to an item."""
    return f"[{','.join(map(_object, items))}]\n".encode()


def _object(item: Item) -> str:
    target = f',"symlink_path":{_string(item.symlink_path)}' if item.symlink_path else ""
    return (
        f'{{"name":{_string(item.name)},"size":{item.size},"url":{_string(item.url)},'
        f'"mod_time":"{_time(item)}","mode":{item.mode},"is_dir":{_boolean(item.is_dir)},'
        f'"is_symlink":{_boolean(item.is_symlink)}{target}}}'
    )


def _string(text: str) -> str:
    """Write a string that is safe inside of HTML, too. A byte that is no UTF-8 is U+FFFD."""
    written = json.dumps(text, ensure_ascii=False)
    written = _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", written)
    return _NO_UNICODE.sub(r"\\ufffd", written)


def _boolean(value: bool) -> str:  # noqa: FBT001
    return "true" if value else "false"


def _time(item: Item) -> str:
    """Write a time as RFC 3339 does, with as many digits of its nanoseconds as count."""
    fraction = f".{item.modified_ns % 1_000_000_000:09}".rstrip("0").rstrip(".")
    return f"{item.modified:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def as_text(items: Sequence[Item]) -> bytes:
    """Write a table of names, sizes and times. What would break its lines in a name is a `?`."""
    rows = [("Name", "Size", "Modified"), ("----", "----", "--------")]
    rows += [
        (_CONTROL.sub("?", each.name), human_size(each.size), _date(each.modified))
        for each in items
    ]
    widths = [_padded(max(len(row[column]) for row in rows)) for column in (0, 1)]
    lines = [
        "".join(
            [_fill(text, width) for text, width in zip(row, widths, strict=False)] + [row[2], "\n"]
        )
        for row in rows
    ]
    return "".join(lines).encode("utf-8", "surrogateescape")


def _padded(width: int) -> int:
    """Return the width of a column: one more than its longest cell, in whole tabs."""
    return -(-(width + 1) // _TAB) * _TAB


def _fill(text: str, width: int) -> str:
    return text + "\t" * -(-(width - len(text)) // _TAB)


def _date(time: datetime) -> str:
    return f"{_MONTHS[time.month - 1]} {time.day}, {time:%Y} at {time:%H:%M:%S}"
