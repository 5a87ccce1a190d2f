"""Tree: one place in the configuration, read or changed by its path, as Caddy has it.

A path begins with `config`. An object's parts go by their keys and an array's by their indexes;
`…/...` after an array means each element of the array that is sent. The tree that is changed is
the caller's own copy: a change that fails half way has changed nothing that runs.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from snake.admin.answer import APIError

ROOT = "config"
_INTEGER = re.compile(r"[+-]?[0-9]+")
_MOST = 2**63


class _Place:
    """Where a path leads, and what is done there."""

    def __init__(self, path: str) -> None:
        self.path = path
        clean = path.strip("/")
        if not clean:
            raise _wrong("no traversable path")
        self.parts = clean.split("/")
        self.each = self.parts[-1] == "..."
        """Whether each element of what is sent is meant."""
        if self.each:
            del self.parts[-1]

    def upto(self, index: int) -> str:
        """Return the path as far as its part of this index."""
        return "/".join(self.parts[: index + 1])

    def fault(
        self, message: str, status: HTTPStatus = HTTPStatus.INTERNAL_SERVER_ERROR
    ) -> APIError:
        """Return an error that names the path as it was asked for."""
        return APIError(status, f"[{self.path}] {message}")


def read(tree: object, path: str) -> object:
    """Return what is at a path; `None` for a key that is not there. Raises `APIError`."""
    return _access("GET", {ROOT: tree}, _Place(path), None)


def changed(tree: object, method: str, path: str, value: object) -> object:
    """Return the tree after a POST, PUT, PATCH or DELETE. Raises `APIError`."""
    root = {} if tree is None else {ROOT: tree}
    _access(method, root, _Place(path), value)
    return root.get(ROOT)


def _access(method: str, root: dict[str, Any], place: _Place, value: object) -> object:
    """Go down to the place and do what the method says."""
    here: object = root
    last = len(place.parts) - 1
    for at, part in enumerate(place.parts):
        if isinstance(here, dict):
            below = here.get(part)
            if isinstance(below, list) and at == last - 1:
                return _in_array(method, below, place, value)
            if at == last:
                return _in_object(method, here, part, place, value)
            if below is None and method == "PUT":
                below = here[part] = {}
            here = below
        elif isinstance(here, list):
            where = f"/{place.upto(at)}"
            index = _index(part, where)
            if not 0 <= index < len(here):
                raise _wrong(f"[{where}] array index out of bounds: {part}")
            here = here[index]
        else:
            raise _wrong(f"invalid traversal path at: {place.upto(at)}")
    return None  # an element of an array in an array: Caddy reads and changes none


def _in_array(method: str, array: list[Any], place: _Place, value: object) -> object:
    """Do it to an element of an array."""
    if method == "POST":
        _append(array, value, place)
        return None
    part = place.parts[-1]
    index = _index(part, place.path)
    if not 0 <= index < len(array) + (method == "PUT"):
        raise place.fault(f"array index out of bounds: {part}")
    if method == "PUT":
        array.insert(index, value)
    elif method == "PATCH":
        array[index] = value
    elif method == "DELETE":
        del array[index]
    else:
        return array[index]
    return None


def _in_object(
    method: str, holder: dict[str, Any], key: str, place: _Place, value: object
) -> object:
    """Do it to what an object has at a key."""
    if method == "GET":
        return holder.get(key)
    if method == "POST" and isinstance(holder.get(key), list):
        _append(holder[key], value, place)
        return None
    if method == "PUT" and key in holder:
        raise place.fault(f"key already exists: {key}", HTTPStatus.CONFLICT)
    if method in ("PATCH", "DELETE") and key not in holder:
        raise place.fault(f"key does not exist: {key}", HTTPStatus.NOT_FOUND)
    if method == "DELETE":
        del holder[key]
    else:
        holder[key] = value
    return None


def _append(array: list[Any], value: object, place: _Place) -> None:
    if not place.each:
        array.append(value)
    elif isinstance(value, list):
        array += value
    else:
        raise _wrong("final element is not an array")


def _index(text: str, where: str) -> int:
    """Read an index in its one form: `01` and `+1` name nothing (CVE-2026-45692)."""
    reason = ""
    if not text:
        reason = "empty index"
    elif not _INTEGER.fullmatch(text):
        reason = f'strconv.Atoi: parsing "{text}": invalid syntax'
    elif len(text) > len(str(_MOST)) + 1 or not -_MOST <= int(text) < _MOST:
        reason = f'strconv.Atoi: parsing "{text}": value out of range'
    elif str(int(text)) != text:
        reason = "non-canonical array index"
    if reason:
        raise _wrong(f"[{where}] invalid array index '{text}': {reason}")
    return int(text)


def _wrong(message: str) -> APIError:
    return APIError(HTTPStatus.INTERNAL_SERVER_ERROR, message)
