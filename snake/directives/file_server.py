"""file_server: answer with files from disk.

Syntax::

    file_server [browse] {
        fs            <file system>
        root          <path>
        hide          <files...>
        index         <names...>
        browse        [<template>] {
            reveal_symlinks
            sort       <by> [<order>]
            file_limit <number>
        }
        precompressed [<codings...>]
        status        <status>
        disable_canonical_uris
        pass_thru
        etag_file_extensions <extensions...>
    }

The root is that of the site (`root`), or the working directory. A folder is
answered with its index file (`index.html`, `index.txt`). Folders are redirected to
a slash at the end, files away from one. What is not there is a 404, or with
`pass_thru` left to the next handler. The Caddyfile and what it imports is always hidden.

`precompressed` sends `file.br`, `file.zst` or `file.gz` in place of `file` to those
who take them. Lists of folders (`browse`) and other file systems (`fs`) are
understood but not available, and refused when the config is loaded.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec

from snake.core.suggest import suggestion
from snake.files.hide import hidden_by, hides
from snake.files.precompressed import Sidecar
from snake.files.roots import absolute, root_of
from snake.files.static import StaticFiles
from snake.http.status import Status, status_filler, status_json
from snake.plugin import (
    Context,
    Directive,
    Handler,
    HandlerModule,
    In,
    Scope,
    Segment,
    Template,
)

INDEX_NAMES = ("index.html", "index.txt")
CODINGS = ("br", "zstd", "gzip")
SORT_WORDS = ("name", "namedirfirst", "size", "time", "asc", "desc")


class Browse(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a folder is listed."""

    template_file: str = ""
    reveal_symlinks: bool = False
    sort: tuple[str, ...] = ()
    file_limit: int = 0


class FileServer(HandlerModule):
    """The JSON of `http.handlers.file_server`."""

    id = "http.handlers.file_server"

    fs: str = ""
    root: str = ""
    hide: tuple[str, ...] = ()
    index_names: tuple[str, ...] | None = None
    browse: Browse | None = None
    canonical_uris: bool | None = None
    status_code: Status = ""
    pass_thru: bool = False
    precompressed: dict[str, Annotated[msgspec.Raw, In("http.precompressed")]] = {}
    precompressed_order: tuple[str, ...] = ()
    etag_file_extensions: tuple[str, ...] = ()

    async def provision(self, ctx: Context) -> Handler:
        """Compile the placeholders and lists."""
        if self.fs:
            raise ctx.at("fs").fail("file systems other than the disk are not available")
        if self.browse is not None:
            raise ctx.at("browse").fail("lists of folders are not available")
        names = INDEX_NAMES if self.index_names is None else self.index_names
        return StaticFiles(
            root=root_of(self.root),
            hidden=hidden_by(self.hide),
            index_names=[Template(name).all for name in names],
            canonical=self.canonical_uris is not False,
            pass_thru=self.pass_thru,
            status=status_filler(self.status_code) if self.status_code != "" else None,
            sidecars=await self._sidecars(ctx.at("precompressed")),
            sidecar_order=self.precompressed_order,
            etag_extensions=self.etag_file_extensions,
        )

    async def _sidecars(self, ctx: Context) -> dict[str, Sidecar]:
        loaded: list[Sidecar] = [
            await ctx.at(name).load_named(raw, f"http.precompressed.{name}")
            for name, raw in self.precompressed.items()
        ]
        return {sidecar.coding: sidecar for sidecar in loaded}


def parse(line: Segment, scope: Scope) -> FileServer:
    """Read a `file_server` line; the Caddyfile joins what is hidden."""
    fields: dict[str, object] = {}
    match line.texts:
        case []:
            pass
        case ["browse"]:
            fields["browse"] = Browse()
        case _:
            line.args[0].fail('file_server takes no argument but "browse"')
    hide: list[str] = []
    for sub in line.lines:
        if sub.name == "hide":
            hide += _several(sub)
        elif sub.name == "browse" and "browse" in fields:
            sub.fail("browsing is already configured")
        else:
            fields |= _subdirective(sub)
    return msgspec.convert(fields | {"hide": _hide_caddyfiles(hide, scope.files)}, FileServer)


def _subdirective(line: Segment) -> dict[str, object]:
    if line.name not in _READERS:
        line.fail(
            f"unknown subdirective '{line.name}'{suggestion(line.name, _READERS)}",
            f"file_server knows: hide, {', '.join(_READERS)}",
        )
    if line.name != "browse":
        line.no_block()
    return _READERS[line.name](line)


def _several(line: Segment) -> list[str]:
    line.no_block()
    if not line.args:
        line.fail(f"{line.name} takes one argument or more")
    return line.texts


def _browse(line: Segment) -> Browse:
    if len(line.args) > 1:
        line.args[1].fail("browse takes no more than the file of a template")
    fields = line.fields_once(
        {"reveal_symlinks": Segment.flag, "sort": _sort, "file_limit": _number}
    )
    return msgspec.convert(fields | {"template_file": "".join(line.texts)}, Browse)


def _sort(line: Segment) -> list[str]:
    for word in line.args:
        if word.text not in SORT_WORDS:
            word.fail(
                f"unknown sort option '{word}'{suggestion(word.text, SORT_WORDS)}",
                f"expected one of {', '.join(SORT_WORDS)}",
            )
    return line.texts


def _number(line: Segment) -> int:
    text = line.arg()
    if not text.isdecimal():
        line.args[0].fail("file_limit should have an integer value")
    return int(text)


def _precompressed(line: Segment) -> dict[str, object]:
    for word in line.args:
        if word.text not in CODINGS:
            word.fail(
                f"unknown coding '{word}'{suggestion(word.text, CODINGS)}",
                f"expected some of {', '.join(CODINGS)}",
            )
    order = line.texts or list(CODINGS)
    return {
        "precompressed": {coding: msgspec.Raw(b"{}") for coding in order},
        "precompressed_order": order,
    }


_READERS: dict[str, Callable[[Segment], dict[str, object]]] = {
    "fs": lambda line: {"fs": line.arg()},
    "root": lambda line: {"root": line.arg()},
    "index": lambda line: {"index_names": _several(line)},
    "browse": lambda line: {"browse": _browse(line)},
    "precompressed": _precompressed,
    "status": lambda line: {"status_code": status_json(line.arg())},
    "disable_canonical_uris": lambda line: {"canonical_uris": not line.flag()},
    "pass_thru": lambda line: {"pass_thru": line.flag()},
    "etag_file_extensions": lambda line: {"etag_file_extensions": _several(line)},
}


def _hide_caddyfiles(hide: list[str], files: Sequence[str]) -> list[str]:
    """Add the site's files that are not hidden yet, with a slash so that only they are meant."""
    hidden = hide.copy()
    for file in files:
        name = posixpath.normpath(file)
        if not hides(tuple(hidden))(absolute(name)):
            hidden.append(name if "/" in name else f"./{name}")
    return hidden


directive = Directive("file_server", parse)
