"""try_files: rewrite to the first of these files that exists.

Syntax::

    try_files <file...> {
        policy first_exist | first_exist_fallback | smallest_size | largest_size |
               most_recently_modified
    }

Files are looked for under `root`; a trailing slash asks for a folder, and `=404`
fails with that status when nothing before it exists. A file may have a query
(`/index.php?{query}`); without one the query stays as it is. It serves nothing
itself, and it takes no matcher, so put it in a `handle` or `route` that has one.
"""

from __future__ import annotations

from collections.abc import Iterator

from snake.directives.rewrite import Rewrite
from snake.files.lookup import POLICIES
from snake.matchers.file import File
from snake.plugin import Directive, MatcherArg, RoutesValue, RouteValue, Scope, Segment, to_json


def parse(line: Segment, scope: Scope) -> RoutesValue:
    """Read a `try_files` line: one route, or one for each file with a query of its own."""
    del scope
    if not line.args:
        line.fail("try_files takes the files to try")
    policy = str(line.fields_once({"policy": _policy}).get("policy", ""))
    return RoutesValue(tuple(_route(files, query, policy) for files, query in _runs(line.texts)))


def _policy(line: Segment) -> str:
    policy = line.arg()
    if policy not in POLICIES:
        line.args[0].fail(f"unrecognized try policy: {policy}", f"one of: {', '.join(POLICIES)}")
    return policy


def _runs(files: list[str]) -> Iterator[tuple[list[str], str]]:
    """Yield the files that one rewrite can serve, and the query of that rewrite."""
    run: list[str] = []
    for file in files:
        path, mark, query = file.partition("?")
        if not mark:
            run.append(file)
            continue
        if run:
            yield run, ""
            run = []
        yield [path], f"?{query}"
    if run:
        yield run, ""


def _route(files: list[str], query: str, policy: str) -> RouteValue:
    matcher = File(try_files=tuple(files), try_policy=policy)
    handler = Rewrite(uri="{http.matchers.file.relative}" + query)
    return RouteValue((handler,), match=({"file": to_json(matcher)},), group="try_files")


directive = Directive("try_files", parse, matcher=MatcherArg.NONE)
