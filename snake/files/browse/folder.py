"""Folder: the answer for a folder that has no index file: what is in it, in one of three forms.

Source: Caddy's `FileServer.serveBrowse`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import islice

from snake.core.record import Record
from snake.core.thread import in_thread
from snake.files.browse.listing import Listing, list_entries
from snake.files.browse.records import as_json, as_text
from snake.files.browse.words import Words, words_of
from snake.files.dates import http_date, parse_http_date
from snake.files.filesystem import FileSystem
from snake.files.hide import Hidden
from snake.http.handler import Send
from snake.http.parameters import parse_query
from snake.http.paths import clean
from snake.http.request import Request
from snake.http.response import Header, drop_early, respond
from snake.http.template import Template

SORTS = ("name", "namedirfirst", "size", "time")
ORDERS = ("asc", "desc")
FILE_LIMIT = 10_000

_ADDED = frozenset({b"vary", b"set-cookie"})
"""Fields of which others may have been set before."""
_SECOND = 1_000_000_000
_VARY = (b"vary", b"Accept, Accept-Encoding")
_COOKIES = {name: Template(f"{{http.request.cookie.{name}}}").all for name in ("sort", "order")}

Page = Callable[[Request, Words], Awaitable[tuple[list[Header], bytes]]]
"""What writes a page of HTML: the fields that it needs, and its bytes."""
Query = Callable[[str], str]
"""The value of a parameter of the request, or nothing."""


class Folders(Record):
    """How folders are listed."""

    page: Page
    reveal_symlinks: bool
    sort: str
    order: str
    file_limit: int

    async def __call__(
        self, request: Request, send: Send, fs: FileSystem, folder: str, hidden: Hidden
    ) -> None:
        """Answer with what is in a folder. Raises `OSError` when it cannot be read."""
        listing = await in_thread(self._list, request, fs, folder, hidden)
        if _unchanged(listing, request.header(b"if-modified-since")):
            await respond(send, 304, [_VARY])
            return
        headers = [
            _VARY,
            (b"last-modified", http_date(listing.modified_ns // _SECOND).encode()),
        ]
        query = _query(request)
        headers += self._arrange(listing, request, query)
        found, body = await self._form(listing, request, query)
        headers += found
        drop_early(request, {name for name, _ in headers} - _ADDED)
        await respond(send, 200, headers, body)

    def _list(self, request: Request, fs: FileSystem, folder: str, hidden: Hidden) -> Listing:
        path = clean(request.raw_path.decode("latin-1"))
        path = path.rstrip("/") or "/"
        # As for Go's `ReadDir`, a negative number is no limit.
        limit = self.file_limit if self.file_limit > 0 else None
        entries = islice(fs.entries(folder), limit)
        shown = (
            entry if self.reveal_symlinks else entry._replace(symlink_path="")
            for entry in entries
            if not (hidden(entry.name, request) or hidden(f"{folder}/{entry.name}", request))
        )
        return list_entries(path, fs.stat(folder).st_mtime_ns, shown)

    def _arrange(self, listing: Listing, request: Request, query: Query) -> list[Header]:
        """Sort and cut as was asked; what was asked is remembered in cookies."""
        layout = query("layout")
        listing.layout = layout if layout in ("", "grid") else "list"
        cookies: list[Header] = []
        chosen = {}
        for name, configured, known, default in (
            ("sort", self.sort, SORTS, "namedirfirst"),
            ("order", self.order, ORDERS, "asc"),
        ):
            value = query(name) or configured
            if value in known:
                cookies.append(_cookie(name, value, secure=request.is_secure))
            chosen[name] = value or _COOKIES[name](request) or default
        listing.arrange(chosen["sort"], chosen["order"])
        listing.cut(_number(query("offset")), _number(query("limit")))
        return cookies

    async def _form(
        self, listing: Listing, request: Request, query: Query
    ) -> tuple[list[Header], bytes]:
        """Return the headers and the body of the form that the client takes."""
        accept = ",".join(request.header_values(b"accept")).lower()
        if "application/json" in accept:
            return [_type(b"application/json")], await in_thread(as_json, listing.items)
        if "text/plain" in accept:
            return [_type(b"text/plain")], await in_thread(as_text, listing.items)
        words = await in_thread(words_of, listing, query("filter"))
        headers, page = await self.page(request, words)
        own = [field for field in headers if field[0] != b"content-type"]
        return [*own, _type(b"text/html")], page


def _type(mime: bytes) -> Header:
    return b"content-type", mime + b"; charset=utf-8"


def _unchanged(listing: Listing, since: str | None) -> bool:
    time = parse_http_date(since) if since else None
    return time is not None and listing.modified_ns // _SECOND <= time


def _query(request: Request) -> Query:
    values = parse_query(request.query.decode("utf-8", "surrogateescape"))
    return lambda name: values.get(name, ("",))[0]


def _number(text: str) -> int:
    """Read a whole number as Go's `Atoi`; 0 for what is none."""
    digits = text.removeprefix("+")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else 0  # noqa: PLR2004


def _cookie(name: str, value: str, *, secure: bool) -> Header:
    attributes = "; HttpOnly; Secure; SameSite=Lax" if secure else "; HttpOnly; SameSite=Lax"
    return b"set-cookie", f"{name}={value}{attributes}".encode()
