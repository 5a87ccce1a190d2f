"""Static files: from a request to the file that it names, and the answer that sends it.

Source: Caddy's `FileServer.ServeHTTP` and Go's `http.ServeContent`, which it calls.
"""

from __future__ import annotations

import posixpath
import re
import secrets
import stat
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from html import escape
from typing import NoReturn
from urllib.parse import quote

from snake.core.record import Record
from snake.files.answer import Answer
from snake.files.content import Content, Info
from snake.files.filesystem import FileSystem
from snake.files.hide import Hidden
from snake.files.mime import content_type
from snake.files.precompressed import Sidecar
from snake.files.preconditions import ASKING
from snake.files.validators import validators
from snake.files.windows import WINDOWS, windows_fault
from snake.http.accept_encoding import accepted_encodings
from snake.http.errors import HandlerError
from snake.http.handler import Message, Next, Send
from snake.http.request import Request
from snake.http.response import Header, drop_early, has_header, respond
from snake.http.roots import join
from snake.http.template import Fill

_VARY = (b"vary", b"Accept-Encoding")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_READS = frozenset({"GET", "HEAD"})


Lister = Callable[[Request, Send, FileSystem, str, Hidden], Awaitable[None]]
"""What answers for a folder without an index file. It raises `OSError` when that cannot be read."""


class StaticFiles(Record):
    """The handler of `file_server`."""

    fs: Callable[[Request], FileSystem | None]
    root: Callable[[Request], str]
    hidden: Hidden
    index_names: Sequence[Fill]
    lister: Lister | None
    canonical: bool
    pass_thru: bool
    status: Callable[[Request], int] | None
    sidecars: dict[str, Sidecar]
    sidecar_order: Sequence[str]
    etag_extensions: Sequence[str]

    async def __call__(self, request: Request, send: Send, next: Next) -> None:
        """Answer with the file, a list, a redirect to the right name, or 404 (or `next`)."""
        path = request.path
        if WINDOWS and (fault := windows_fault(path)):
            raise HandlerError(400, fault)
        fs = self.fs(request)
        if fs is None:
            raise HandlerError(404, "filesystem not found")
        name = join(self.root(request), path)
        content = _opened(fs, name) if self._sends_as_it_is(request, name) else None
        if content is not None:
            with content:
                await content.send_whole(request, send, _start(name, content.info))
            return
        is_folder = _is_folder(fs, name)
        index = self._index(fs, name, request) if is_folder else None
        name = index or name
        if is_folder is None or self.hidden(name, request):
            await self._not_found(request, send, next)
        elif is_folder and index is None:
            await self._list(request, send, next, fs, name)
        elif self.canonical and (location := _canonical(request, is_index=index is not None)):
            await _redirect(request, send, location)
        else:
            await self._send_file(request, send, next, fs, name)

    def _sends_as_it_is(self, request: Request, name: str) -> bool:
        """Whether a file is sent whole if there is one, and its headers depend on it alone."""
        if request.method != "GET" or request.early or request.error is not None:
            return False
        if self.sidecars or self.etag_extensions or self.status or _original(request)[-1:] == "/":
            return False
        if not ASKING.isdisjoint([field for field, _ in request.headers]):
            return False
        return not self.hidden(name, request)

    async def _not_found(self, request: Request, send: Send, next: Next) -> None:
        if not self.pass_thru:
            raise HandlerError(404)
        await next(request, send)

    def _index(self, fs: FileSystem, folder: str, request: Request) -> str | None:
        """Return the first index file of a folder that is there and not hidden."""
        for fill in self.index_names:
            name = join(folder, fill(request))
            if self.hidden(name, request):
                continue
            try:
                if not stat.S_ISDIR(fs.stat(name).st_mode):
                    return name
            except (OSError, ValueError):
                continue
        return None

    async def _list(
        self, request: Request, send: Send, next: Next, fs: FileSystem, folder: str
    ) -> None:
        if self.lister is None:
            await self._not_found(request, send, next)
            return
        # Links in a list are relative, so this does not depend on whether names are canonical.
        if location := _canonical(request, is_index=True):
            await _redirect(request, send, location)
            return
        try:
            await self.lister(request, send, fs, folder, self.hidden)
        except FileNotFoundError:
            await self._not_found(request, send, next)
        except OSError as error:
            _refuse(request, error)

    async def _send_file(
        self, request: Request, send: Send, next: Next, fs: FileSystem, name: str
    ) -> None:
        try:
            content = self._open(request, fs, name)
        except (FileNotFoundError, IsADirectoryError):
            await self._not_found(request, send, next)
            return
        with content:
            await self._serve(request, send, fs, name, content)

    def _open(self, request: Request, fs: FileSystem, name: str) -> Content:
        """Open the file or, where the client takes one, its precompressed form."""
        if self.sidecars:
            for coding in accepted_encodings(request, self.sidecar_order):
                sidecar = self.sidecars.get(coding)
                if sidecar is None:
                    continue
                try:
                    content = fs.content(name + sidecar.suffix)
                except OSError:
                    continue
                content.sidecar = sidecar
                return content
        try:
            return fs.content(name)
        except (FileNotFoundError, IsADirectoryError):
            raise
        except OSError as error:
            _refuse(request, error)

    async def _serve(
        self, request: Request, send: Send, fs: FileSystem, name: str, content: Content
    ) -> None:
        if request.method not in _READS and request.error is None:
            _add_early(request, _VARY, (b"allow", b"GET, HEAD"))
            raise HandlerError(405)
        sidecar = content.sidecar
        # A sidecar has a tag of its own, but the date of the file that it stands for.
        info = (_stat(fs, name) if sidecar else None) or content.info
        tag = validators(content.info.st_mtime_ns, content.size).etag
        _, modified, last_modified = validators(info.st_mtime_ns, info.st_size)
        if self.etag_extensions:
            tag = self._etag_beside(request, fs, name + (sidecar.suffix if sidecar else "")) or tag
        etag = _early(request, b"etag") or tag
        fields: list[Header] = []
        if etag:
            fields.append((b"etag", etag.encode("utf-8", "surrogateescape")))
        if last_modified:
            fields.append((b"last-modified", last_modified))
        if sidecar:
            fields.append((b"content-encoding", sidecar.coding.encode()))
        mime = _early(request, b"content-type").encode("utf-8", "surrogateescape") or content_type(
            name
        )
        if mime:
            fields.append((b"content-type", mime))
        if request.early:
            drop_early(request, {field for field, _ in fields})
        fields.append(_VARY)
        try:
            status = self._status(request)
        except HandlerError:
            # They were set by then; what http.ServeContent sets was not.
            _add_early(request, *(field for field in fields if field[0] != b"last-modified"))
            raise
        await Answer(request, content, fields, etag, modified, status).send(send)

    def _etag_beside(self, request: Request, fs: FileSystem, name: str) -> str:
        """Return the tag in the first file beside this one that has one of the extensions."""
        for extension in self.etag_extensions:
            try:
                with fs.open(name + extension) as file:
                    text = file.read().decode("utf-8", "surrogateescape")
            except FileNotFoundError:
                continue
            except OSError as error:
                _add_early(request, _VARY)
                raise HandlerError(500, f"cannot read etag from file: {error.strerror}") from error
            return _CONTROLS.sub("", text)
        return ""

    def _status(self, request: Request) -> int | None:
        """Return the status that replaces the usual one, if any."""
        if self.status is not None:
            return self.status(request)
        if request.error is None:
            return None
        return request.error.status if isinstance(request.error, HandlerError) else 500


@lru_cache(maxsize=1024)
def _described(name: str, modified_ns: int, size: int) -> tuple[Header, ...]:
    """Return the headers of a whole file in one of its states."""
    etag, _, last_modified = validators(modified_ns, size)
    fields = [
        (b"etag", etag.encode()),
        (b"last-modified", last_modified),
        (b"content-type", content_type(name) or b""),
    ]
    kept = [field for field in fields if field[1]]
    return (*kept, _VARY, (b"accept-ranges", b"bytes"), (b"content-length", b"%d" % size))


def _opened(fs: FileSystem, name: str) -> Content | None:
    """Open a file; what is none, or cannot be opened, is looked at more closely elsewhere."""
    try:
        return fs.content(name)
    except (OSError, ValueError):
        return None


def _start(name: str, info: Info) -> Message:
    """Return the start of the response that is a whole file."""
    fields = [*_described(name, info.st_mtime_ns, info.st_size)]
    return {"type": "http.response.start", "status": 200, "headers": fields}


def _is_folder(fs: FileSystem, name: str) -> bool | None:
    """Whether `name` is a folder; `None` when there is nothing to serve. Raises `HandlerError`."""
    try:
        mode = fs.stat(name).st_mode
    except FileNotFoundError:
        return None
    except PermissionError:
        raise HandlerError(403, "permission denied") from None
    except (OSError, ValueError):
        raise HandlerError(400, "invalid argument") from None
    if stat.S_ISDIR(mode):
        return True
    return False if stat.S_ISREG(mode) else None


def _refuse(request: Request, error: OSError) -> NoReturn:
    """Fail for a file that is there but cannot be opened; messages do not tell where it is."""
    if isinstance(error, PermissionError):
        raise HandlerError(403, "permission denied") from None
    # Too many open files: clients that come back at different times spread the load.
    _add_early(request, (b"retry-after", str(2 + secrets.randbelow(3)).encode()))
    raise HandlerError(503, error.strerror or "") from None


def _canonical(request: Request, *, is_index: bool) -> str | None:
    """Return the path to redirect to: a slash at the end for folders, none for files.

    Not when a rewrite changed the last segment: that was on purpose.
    """
    original = _original(request)
    has_slash = original.endswith("/")
    if has_slash is is_index:
        return None
    if request.path and posixpath.basename(original.rstrip("/")) != posixpath.basename(
        request.path.rstrip("/")
    ):
        return None
    # A second slash at its beginning would make a host of what follows.
    target = "/" + (f"{original}/" if is_index else original[:-1]).lstrip("/")
    path = posixpath.normpath(target)
    return f"{path.rstrip('/')}/" if target.endswith("/") else path


def _base(path: str) -> str:
    return posixpath.basename(path.rstrip("/"))


def _original(request: Request) -> str:
    return request.original.path if request.original else request.path


def _stat(fs: FileSystem, name: str) -> Info | None:
    try:
        return fs.stat(name)
    except (OSError, ValueError):
        return None


async def _redirect(request: Request, send: Send, path: str) -> None:
    location = quote(path, safe="/!$&'()*+,;=:@~", errors="surrogateescape")
    if request.query:
        location += f"?{request.query.decode('latin-1')}"
    drop_early(request, {b"location"})
    headers = [(b"location", location.encode("latin-1"))]
    if has_header(request.early or (), b"content-type"):
        await respond(send, 308, headers)
        return
    body = b""
    if request.method in _READS:
        headers.append((b"content-type", b"text/html; charset=utf-8"))
        body = f'<a href="{escape(location)}">Permanent Redirect</a>.\n\n'.encode("latin-1")
    await respond(send, 308, headers, body)


def _early(request: Request, name: bytes) -> str:
    """Return a response header that was set early, or nothing."""
    for field, value in request.early or ():
        if field == name:
            return value.decode("utf-8", "surrogateescape")
    return ""


def _add_early(request: Request, *fields: Header) -> None:
    request.early = [*(request.early or ()), *fields]
