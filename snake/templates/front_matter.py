"""Front matter: fields in YAML, TOML or JSON at the very beginning of a text."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jinja2 import TemplateRuntimeError


class Parts:
    """What `splitFrontMatter` makes of a text."""

    __slots__ = ("body", "meta")

    def __init__(self, meta: Mapping[str, Any], body: str) -> None:
        self.meta = meta
        self.body = body


def split(text: object) -> Parts:
    """Split the fields off. Raises `TemplateRuntimeError` for some that cannot be read.

    They begin after a first line that is a fence alone, and end before the next one.
    """
    whole = str(text)
    stripped = whole.lstrip()
    first, _, _ = stripped.partition("\n")
    kind = _KINDS.get(first.strip())
    if kind is None:
        return Parts({}, whole)
    fences, parse = kind
    start = len(whole) - len(stripped) + len(first)
    for fence in fences:
        end = whole.find(f"\n{fence}", start)
        if end >= 0:
            break
    else:
        raise TemplateRuntimeError("unterminated front matter")
    try:
        meta = parse(whole[start : end + 1])
    except (ValueError, RecursionError) as error:
        raise TemplateRuntimeError(f"front matter: {error}") from None
    return Parts(meta if isinstance(meta, dict) else {}, whole[end + 1 + len(fence) :])


def _yaml(text: str) -> Any:  # noqa: ANN401
    import yaml  # noqa: PLC0415  (only where a template asks for it)

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


_KINDS: dict[str, tuple[Sequence[str], Callable[[str], Any]]] = {
    "---": (("---", "..."), _yaml),
    "+++": (("+++",), lambda text: tomllib.loads(text.replace("\r\n", "\n"))),
    "{": (("}",), lambda text: json.loads(f"{{{text}}}")),
}
