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

from snake.core.suggest import suggestion
from snake.directives.rewrite import Rewrite
from snake.files.lookup import POLICIES
from snake.matchers.file import File
from snake.plugin import (
    Directive,
    MatcherArg,
    RoutesValue,
    RouteValue,
    Scope,
    Segment,
    Token,
    to_json,
    unchecked,
)


def parse(line: Segment, scope: Scope) -> RoutesValue:
    """Read a `try_files` line: one route, or one for each file with a query of its own.

    It passes over what it does not know, as Caddy does.
    """
    if not line.args:
        line.fail("try_files takes the files to try")
    policy = ""
    for words in unchecked(line):
        if words.name == "policy" and policy:
            words.token.fail("try_files: the policy is given twice")
        elif words.name == "policy":
            policy = _policy(words.take("one of the policies"))
        elif words.name not in ("{", "}"):
            hint = suggestion(words.name, ("policy",))
            scope.warn(
                words.token, f"try_files: {words.name} is no subdirective, and ignored{hint}"
            )
    return RoutesValue(tuple(_route(files, query, policy) for files, query in _runs(line.texts)))


def _policy(word: Token) -> str:
    if word.text not in POLICIES:
        hint = suggestion(word.text, POLICIES)
        word.fail(f"unrecognized try policy: {word}{hint}", f"one of: {', '.join(POLICIES)}")
    return word.text


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
