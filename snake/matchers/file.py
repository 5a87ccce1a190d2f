"""file: match when one of several files exists.

Syntax::

    file [<files...>] {
        root       <path>
        try_files  <files...>
        try_policy <policy>
        split_path <delimiters...>
    }

Files are looked for below the site's root, in order; without any, the request's
path is tried. One that ends in a slash must be a folder, any other must not be.
Globs may be used, and `=404` as the last one ends the request with that status.

The policy is `first_exist` (the default), `first_exist_fallback`, `smallest_size`,
`largest_size` or `most_recently_modified`. `split_path` tries a path only up to
a delimiter (`.php`) that ends a segment.

A match sets `{file_match.relative}`, `.absolute`, `.type` ("file" or "directory")
and `.remainder` (what a split cut off).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import msgspec

from snake.core.modules import decode
from snake.files.filesystem import FileSystems
from snake.files.lookup import POLICIES, Lookup
from snake.matchers._lines import each_line
from snake.plugin import (
    Context,
    Matcher,
    MatcherModule,
    MatcherSyntax,
    Scope,
    Segment,
    Shape,
    subdirectives,
)


class File(MatcherModule):
    """The JSON of `http.matchers.file`."""

    id = "http.matchers.file"
    call = Shape(0, is_map=True)

    fs: str = ""
    root: str = ""
    try_files: tuple[str, ...] | None = None
    try_policy: str = ""
    split_path: tuple[str, ...] = ()

    @classmethod
    def from_call(cls, arguments: Sequence[Any], name: str) -> Self:
        """Take the files to try, or a map of fields."""
        del name
        if not (arguments and isinstance(arguments[0], dict)):
            return cls(try_files=tuple(arguments) or None)
        return decode(msgspec.Raw(msgspec.json.encode(arguments[0])), cls)

    async def provision(self, ctx: Context) -> Matcher:
        """Compile the files to try."""
        if self.try_policy and self.try_policy not in POLICIES:
            raise ctx.at("try_policy").fail(
                f"unknown try policy {self.try_policy}; expected one of {', '.join(POLICIES)}"
            )
        files = ("{http.request.uri.path}",) if self.try_files is None else self.try_files
        fs = (ctx.service(FileSystems) or FileSystems()).of(self.fs)
        return Lookup(fs, self.root, files, self.try_policy or POLICIES[0], self.split_path)


def parse(lines: Sequence[Segment], name: str, scope: Scope) -> File:
    """Read `file` lines; their files add up."""
    del name, scope
    files: list[str] = []
    fields: dict[str, str] = {}
    split_path: tuple[str, ...] = ()
    for line in each_line(lines):
        files += [word.text for word in line.all()]
        for sub in subdirectives(line.block(), _SUBDIRECTIVES):
            if sub.name == "try_files":
                words = sub.all() if files else sub.some("the files to try")
                files += [word.text for word in words]
            elif sub.name == "split_path":
                split_path = tuple(word.text for word in sub.some("the delimiters"))
            else:
                fields[sub.name] = sub.take().text
    return File(try_files=tuple(files) or None, split_path=split_path, **fields)


_SUBDIRECTIVES = ("root", "try_files", "try_policy", "split_path")

matcher = MatcherSyntax("file", parse)
