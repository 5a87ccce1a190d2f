"""Write `status.md`, what `GET /snake/status` answers with, from the types of that."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from inspect import cleandoc, getsource
from pathlib import Path

from snake.metrics import report

PAGE = Path(__file__).with_suffix(".md")

OPENING = """\
# The state of a server

`make docs` writes this page from the types of what is told.

```sh
snake status
snake status --json
snake top
```

`snake status` tells how the server that runs is: workers, apps, sites, listeners, certificates, and
what is wrong. Its exit code is 0 when all is well, 1 when something is wrong or no server runs.
`snake top` shows the same live: requests a second, latencies and statuses by site, of the last
second; `q` ends it, and into a pipe it prints one frame.

Both ask the [admin API](admin-api.md), `GET /snake/status`, which answers with a `Report` as JSON.
Moments are in seconds since 1970, times in seconds, sizes in bytes; what is not known is null. It
holds no secret. Fields may be added to it, and none is taken away.
"""

_FIRST = ("Report", "Configuration", "Reload", "Generation", "Worker", "Resources", "Starts")
"""The order of the page; the others follow in that of the file."""


def render() -> str:
    """Return the whole page."""
    found = {
        node.name: node
        for node in ast.parse(getsource(report)).body
        if isinstance(node, ast.ClassDef)
    }
    order = [*_FIRST, *(name for name in found if name not in _FIRST)]
    return "\n".join([OPENING, *("\n".join(_section(found[name], found)) for name in order)])


def _section(node: ast.ClassDef, known: dict[str, ast.ClassDef]) -> Iterator[str]:
    yield f"## {node.name}\n"
    yield f"{' '.join(cleandoc(ast.get_docstring(node) or '').split())}\n"
    yield "| field | | |\n|---|---|---|"
    for name, kind, text in _fields(node):
        words = _WORD.sub(lambda word: _linked(word[0], known), kind)
        yield f"| `{name}` | {words} | {text} |"
    yield ""


_WORD = re.compile(r"\w+")
_KINDS = {"tuple": "list of", "dict": "object of", "None": "null", "str": "text", "int": "number"}
_KINDS |= {"float": "number", "bool": "true or false"}


def _linked(word: str, known: Mapping[str, object]) -> str:
    return f"[{word}](#{word.lower()})" if word in known else _KINDS.get(word, word)


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, str, str]]:
    """Yield each field with its type in words, and what is said of it."""
    for index, each in enumerate(node.body):
        if isinstance(each, ast.AnnAssign):
            after = node.body[index + 1] if index + 1 < len(node.body) else None
            text = ""
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                text = " ".join(str(after.value.value).split())
            yield ast.unparse(each.target), _kind(ast.unparse(each.annotation)), text


def _kind(annotation: str) -> str:
    """Write `tuple[Worker, ...]` as `tuple Worker`, and `str | None` as `str or None`."""
    for sign, word in ((", ...", ""), ("dict[str, ", "dict["), ("[", " "), ("]", ""), ("|", "or")):
        annotation = annotation.replace(sign, word)
    return annotation


if __name__ == "__main__":
    PAGE.write_text(render())
