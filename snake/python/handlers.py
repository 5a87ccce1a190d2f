"""Where the `python` handlers of a document are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def handlers(node: object, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object with `"handler": "python"`, wherever it stands, in order."""
    if isinstance(node, dict):
        if node.get("handler") == "python":
            yield path, node
            return
        children: list[tuple[Any, Any]] = list(node.items())
    elif isinstance(node, list):
        children = list(enumerate(node))
    else:
        return
    for step, child in children:
        yield from handlers(child, f"{path}/{step}".lstrip("/"))
