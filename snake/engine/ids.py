"""IDs: names that parts of a document may have, for who changes it later.

Any object of a JSON document may have a field `@id`, with text or a number. Nothing
that runs knows of it: it is taken off before the document is decoded, as in Caddy.
"""

from __future__ import annotations

import msgspec

_ID = "@id"


def without_ids(data: bytes) -> bytes:
    """Return JSON without its IDs. Raises nothing for what is no JSON: that is told later."""
    if b'"@id"' not in data:
        return data
    try:
        return msgspec.json.encode(_without(msgspec.json.decode(data)))
    except (msgspec.DecodeError, RecursionError):
        return data


def _without(value: object) -> object:
    if isinstance(value, dict):
        return {
            key: _without(child)
            for key, child in value.items()
            if key != _ID or not isinstance(child, str | int | float)
        }
    return [_without(child) for child in value] if isinstance(value, list) else value
