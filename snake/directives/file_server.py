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
Links are followed wherever they lead.

`browse` lists a folder without an index file: a page, or what its Accept asks for of
`application/json` and `text/plain`. `?sort=name|namedirfirst|size|time`, `?order=asc|desc`,
`?limit=` and `?offset=` arrange it, `?layout=grid` and `?filter=` the page. At most
`file_limit` files (10000) are read. A page of your own is a
[template](templates.md#a-page-for-folders). `reveal_symlinks` tells where links lead.

`precompressed` sends `file.br`, `file.zst` or `file.gz` in place of `file` to those
who take them. `etag_file_extensions` names files beside a file that have its ETag. `fs` names a
file system of the option `filesystem`; plugins bring those.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from snake.core.folder import START
from snake.core.numbers import integer
from snake.core.suggest import suggestion
from snake.files.filesystem import FileSystems
from snake.files.hide import hidden_by, hides
from snake.files.precompressed import Sidecar
from snake.files.static import Lister, StaticFiles
from snake.http.own_server import OwnServer
from snake.http.roots import absolute, root_of
from snake.http.status import Status, status_filler, status_json
from snake.plugin import (
    Context,
    Directive,
    Guests,
    Handler,
    HandlerModule,
    In,
    Scope,
    Segment,
    SnakeError,
    Template,
    Token,
    Words,
    subdirectives,
)

if TYPE_CHECKING:
    from snake.files.browse.folder import Page

INDEX_NAMES = ("index.html", "index.txt")
CODINGS = ("br", "zstd", "gzip")
SUBDIRECTIVES = (
    *("fs", "root", "hide", "index", "browse", "precompressed", "status"),
    *("disable_canonical_uris", "pass_thru", "etag_file_extensions"),
)
SORT_WORDS = ("name", "namedirfirst", "size", "time", "asc", "desc")


class Browse(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a folder is listed."""

    template_file: str = ""
    reveal_symlinks: bool = False
    sort: tuple[str, ...] = ()
    file_limit: int = 0

    def lister(self, ctx: Context, root: str) -> Lister:
        """Return what lists folders. Raises `ConfigError`."""
        # Only who lists folders needs Jinja, which takes a while to load.
        from snake.files.browse.folder import FILE_LIMIT, ORDERS, SORTS, Folders  # noqa: PLC0415

        for at, (word, known) in enumerate(zip(self.sort, (SORTS, ORDERS), strict=False)):
            if word not in known:
                hint = suggestion(word, known)
                raise ctx.at("sort", at).fail(f"{word!r} is not one of {', '.join(known)}{hint}")
        if len(self.sort) > 2:  # noqa: PLR2004
            raise ctx.at("sort", 2).fail("sort takes a column and an order")
        sort, order = (*self.sort, "", "")[:2]
        limit = self.file_limit or FILE_LIMIT
        return Folders(self._page(ctx, root), self.reveal_symlinks, sort, order, limit)

    def _page(self, ctx: Context, root: str) -> Page:
        from snake.files.browse.page import OwnPage  # noqa: PLC0415  # as above

        if not self.template_file:
            return OwnPage()
        from snake.templates.page_file import PageFile  # noqa: PLC0415  # as above

        server = ctx.service(OwnServer) or OwnServer()
        try:
            return PageFile(START.path(self.template_file), root_of(root), server)
        except SnakeError as error:
            raise ctx.at("template_file").fail(
                f"{error}; pages for folders are templates of Jinja"
            ) from None


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
        names = INDEX_NAMES if self.index_names is None else self.index_names
        return StaticFiles(
            fs=(ctx.service(FileSystems) or FileSystems()).of(self.fs),
            root=root_of(self.root),
            hidden=hidden_by(self.hide),
            index_names=[Template(name).all for name in names],
            lister=self.browse.lister(ctx.at("browse"), self.root)
            if self.browse is not None
            else None,
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
    if line.args and line.texts != ["browse"]:
        line.args[-1].fail('file_server takes no argument but "browse"')
    fields: dict[str, Any] = {"browse": Browse()} if line.args else {}
    hide: list[str] = []
    for words in subdirectives(line, SUBDIRECTIVES):
        match words.name:
            case "hide":
                hide += _texts(words.some("the names of files"))
            case "browse":
                if "browse" in fields:
                    words.token.fail("browsing is already configured")
                fields["browse"] = _browse(words)
            case "fs":
                name = words.take("the name of a file system").text
                if fields.get("fs"):
                    words.token.fail("file_server: fs is given twice")
                fields["fs"] = name
            case "precompressed":
                codings = _codings(words, scope.guests)
                raw = dict.fromkeys(codings, msgspec.Raw(b"{}"))
                fields["precompressed"] = fields.get("precompressed", {}) | raw
                fields["precompressed_order"] = codings
            case _:
                fields |= _field(words)
    return msgspec.convert(fields | {"hide": _hide_caddyfiles(hide, scope.files)}, FileServer)


def _field(words: Words) -> dict[str, object]:
    match words.name:
        case "index":
            return {"index_names": _texts(words.some("the names of files"))}
        case "etag_file_extensions":
            return {words.name: _texts(words.some("extensions of files"))}
        case "status":
            return {"status_code": status_json(words.take("a status").text)}
        case "root":
            return {"root": words.take("a folder").text}
        case "disable_canonical_uris":
            words.none()
            return {"canonical_uris": False}
        case _:
            words.none()
            return {"pass_thru": True}


def _texts(words: Iterable[Token]) -> list[str]:
    return [word.text for word in words]


def _browse(words: Words) -> Browse:
    fields: dict[str, Any] = {}
    if words.has_arguments:
        fields["template_file"] = words.take().text
    for sub in subdirectives(words.block(), ("reveal_symlinks", "sort", "file_limit")):
        match sub.name:
            case "sort":
                fields.setdefault("sort", []).extend(map(_sort, sub.all()))
            case name if fields.get(name):
                sub.token.fail(f"browse: {name} is given twice")
            case "file_limit":
                fields["file_limit"] = sub.value(integer)
            case name:
                fields[name] = True
    return msgspec.convert(fields, Browse)


def _sort(word: Token) -> str:
    if word.text not in SORT_WORDS:
        word.fail(
            f"unknown sort option '{word}'{suggestion(word.text, SORT_WORDS)}",
            f"expected one of {', '.join(SORT_WORDS)}",
        )
    return word.text


def _codings(words: Words, guests: Guests) -> list[str]:
    codings = words.all()
    for word in codings:
        if not guests.has("http.precompressed", word.text):
            known = guests.names("http.precompressed")
            word.fail(
                f"unknown coding '{word}'{suggestion(word.text, known)}",
                f"expected some of {', '.join(known)}",
            )
    return _texts(codings) or list(CODINGS)


def _hide_caddyfiles(hide: list[str], files: Sequence[str]) -> list[str]:
    """Add the site's files that are not hidden yet, with a slash so that only they are meant."""
    hidden = hide.copy()
    for file in files:
        name = posixpath.normpath(file)
        # Only when the server runs, what is hidden by a relative path is known to be.
        known = tuple(each for each in hidden if "/" not in each or each.startswith("/"))
        if not hides(known)(absolute(name)):
            hidden.append(name if "/" in name else f"./{name}")
    return hidden


directive = Directive("file_server", parse)
