"""Functions of lists: the extension `lists` of cel-go.

Source: https://pkg.go.dev/github.com/google/cel-go/ext#Lists.
"""

from __future__ import annotations

from snake.cel.errors import EvaluationError
from snake.cel.operators import among
from snake.cel.overload import Entry, function, method
from snake.cel.types import Type
from snake.cel.values import Map

_SORTED = ("int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes")


LONGEST_RANGE = 1_000_000


def _slice(items: list[object], start: int, end: int) -> list[object]:
    if start < 0 or end < 0:
        problem = "negative indexes not supported"
    elif start > end:
        problem = "start index must be less than or equal to end index"
    elif len(items) < end:
        problem = f"list is length {len(items)}"
    else:
        return items[start:end]
    raise EvaluationError(f"cannot slice({start}, {end}), {problem}")


def _flatten(items: list[object], depth: int = 1) -> list[object]:
    if depth < 0:
        raise EvaluationError("level must be non-negative")
    flat: list[object] = []
    for item in items:
        if isinstance(item, list) and depth > 0:
            flat += _flatten(item, depth - 1)
        else:
            flat.append(item)
    return flat


def _sort_by_keys(items: list[object], keys: list[object]) -> list[object]:
    if any(type(key) is not type(keys[0]) for key in keys):
        raise EvaluationError("list elements must have the same type")
    if keys and isinstance(keys[0], list | Map | Type | None):
        raise EvaluationError("list elements must be comparable")
    order = sorted(range(len(keys)), key=keys.__getitem__)  # type: ignore[arg-type]
    return [items[at] for at in order]


def _distinct(items: list[object]) -> list[object]:
    found: list[object] = []
    for item in items:
        if not among(item, found):
            found.append(item)
    return found


def _range(count: int) -> list[object]:
    if not 0 <= count <= LONGEST_RANGE:
        raise EvaluationError(f"lists.range() makes 0 to {LONGEST_RANGE} numbers, not {count}")
    return list(range(count))


LISTS: tuple[Entry, ...] = (
    method("slice", "list(T) int int list(T)", _slice),
    method("flatten", "list(list(T)) list(T)", _flatten),
    method("flatten", "list(dyn) int list(dyn)", _flatten),
    *(
        method("sort", f"list({kind}) list({kind})", lambda items: _sort_by_keys(items, items))
        for kind in _SORTED
    ),
    *(
        method("@sortByAssociatedKeys", f"list(T) list({kind}) list(T)", _sort_by_keys)
        for kind in _SORTED
    ),
    function("lists.range", "int list(int)", _range),
    method("reverse", "list(T) list(T)", lambda items: items[::-1]),
    method("distinct", "list(T) list(T)", _distinct),
)
