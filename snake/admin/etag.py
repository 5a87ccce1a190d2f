"""ETags: the hash of a part of the configuration, and changes that are only for what has it.

Source: https://caddyserver.com/docs/api#concurrent-config-changes.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from snake.admin import tree
from snake.admin.answer import APIError
from snake.admin.gojson import encode

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


def etag(path: str, body: bytes) -> str:
    """Return the ETag of a path with this body, in its quotes."""
    return f'"{_UNPRINTABLE.sub(" ", path)} {_hash(body)}"'


def check_match(config: object, if_match: str) -> None:
    """See that a part of the configuration is still what the client has seen.

    `if_match` is a value of `If-Match`, of the form that `etag` returns; the path in it may be
    another than the one that is changed. Raises `APIError`.
    """
    if len(if_match) < 2 or not (if_match[0] == if_match[-1] == '"'):  # noqa: PLR2004  (two quotes)
        raise _malformed("expect quoted string")
    words = if_match[1:-1].split()
    if len(words) != 2:  # noqa: PLR2004
        raise _malformed('expect format "<path> <hash>"')
    path, expected = words
    if _hash(encode(tree.read(config, path)) + b"\n") != expected:
        raise APIError(
            HTTPStatus.PRECONDITION_FAILED, "If-Match header did not match current config hash"
        )


def _malformed(what: str) -> APIError:
    return APIError(HTTPStatus.BAD_REQUEST, f"malformed If-Match header; {what}")


def _hash(body: bytes) -> str:
    import xxhash  # noqa: PLC0415  (not before somebody asks)

    return xxhash.xxh64_hexdigest(body)
