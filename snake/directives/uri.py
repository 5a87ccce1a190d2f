"""uri: edit parts of the URI.

Syntax::

    uri [<matcher>] strip_prefix <text>
    uri [<matcher>] strip_suffix <text>
    uri [<matcher>] replace      <text> <replacement> [<limit>]
    uri [<matcher>] path_regexp  <regexp> <replacement>
    uri [<matcher>] query        [+|-]<key> [<value>]
    uri [<matcher>] query {
        <key> <value>                  set
        +<key> <value>                 add another
        -<key>                         remove
        <key>><new>                    rename
        <key> <regexp> <replacement>   replace inside its values; * is every key
    }

`strip_prefix` and `strip_suffix` compare decoded and without regard to case;
`replace` works on path and query, `path_regexp` on the path. What a prefix took
off is the `SCRIPT_NAME` (`root_path`) of a Python app.
"""

from __future__ import annotations

from snake.core.numbers import NumberError, integer
from snake.core.suggest import suggestion
from snake.directives.rewrite import Rewrite
from snake.http.query import KeyReplacement, KeyValue, QueryOps
from snake.http.uri_edit import PathReplacement, Substring
from snake.plugin import Directive, Scope, Segment

FORMS = {
    "strip_prefix": "uri strip_prefix <text>",
    "strip_suffix": "uri strip_suffix <text>",
    "replace": "uri replace <text> <replacement> [<limit>]",
    "path_regexp": "uri path_regexp <regexp> <replacement>",
    "query": "uri query [+|-]<key> [<value>]",
}


def parse(line: Segment, scope: Scope) -> Rewrite:
    """Read a `uri` line, or a block of `query` operations."""
    if line.texts[:1] != ["query"] and line.lines:
        scope.warn(line.words[0], "uri: only query takes a block, and what stands there is ignored")
    match line.texts:
        case ["strip_prefix", text]:
            rewrite = Rewrite(strip_path_prefix=text)
        case ["strip_suffix", text]:
            rewrite = Rewrite(strip_path_suffix=text)
        case ["replace", find, new]:
            rewrite = Rewrite(uri_substring=(Substring(find=find, replace=new),))
        case ["replace", find, new, limit]:
            rewrite = Rewrite(uri_substring=(Substring(find, new, _limit(line, limit)),))
        case ["path_regexp", find, new]:
            rewrite = Rewrite(path_regexp=(PathReplacement(find=find, replace=new),))
        case ["query", *operation]:
            rewrite = Rewrite(query=_query(line, operation))
        case [kind, *_] if kind in FORMS:
            line.fail(f"uri {kind} is given the wrong number of arguments", FORMS[kind])
        case _:
            kind = "".join(line.texts[:1])
            line.fail(
                f'unrecognized URI manipulation "{kind}"{suggestion(kind, FORMS)}',
                f"uri knows: {', '.join(FORMS)}",
            )
    return rewrite


def _limit(line: Segment, text: str) -> int:
    try:
        return integer(text) if text else 0
    except NumberError as error:
        line.args[3].fail(f"uri replace: the limit: {error}")


def _query(line: Segment, operation: list[str]) -> QueryOps:
    if operation and line.lines:
        line.lines[0].fail("uri query: operations stand on the line or in the block, not in both")
    ops: dict[str, list[object]] = {}
    given = [(line, operation)] if operation else []
    for segment, texts in [*given, *((sub, [sub.name, *sub.texts]) for sub in line.lines)]:
        if segment is not line:
            segment.no_block()
        field, value = _operation(segment, texts)
        ops.setdefault(field, []).append(value)
    return QueryOps(**{field: tuple(values) for field, values in ops.items()})  # type: ignore[arg-type]


def _operation(line: Segment, texts: list[str]) -> tuple[str, object]:
    """Return the field of `QueryOps` that the operation goes to, and its value there."""
    operation: tuple[str, object]
    match texts:
        case [key] if key.startswith("-"):
            operation = "delete", key.lstrip("-")
        case [key, value] if key.startswith("+"):
            operation = "add", KeyValue(key.lstrip("+"), value)
        case [key] if ">" in key and not key.startswith("+"):
            operation = "rename", KeyValue(*key.split(">")[:2])
        case [key, find, new] if not key.startswith(("-", "+")) and ">" not in key:
            operation = "replace", KeyReplacement(key=key, search_regexp=find, replace=new)
        case [key, value] if not key.startswith("-") and ">" not in key:
            operation = "set", KeyValue(key, value)
        case _:
            line.fail(
                "uri query: cannot read this operation",
                "write key value, +key value, -key, key>new, or key regexp replacement",
            )
    return operation


directive = Directive("uri", parse)
