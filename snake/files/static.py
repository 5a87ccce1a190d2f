"""Static files: from a request to the file that it names, and the answer that sends it.

Source: Caddy's `FileServer.ServeHTTP` and Go's `http.ServeContent`, which it calls.
"""

from __future__ import annotations

import os
import posixpath
import secrets
import stat
from collections.abc import Callable, Sequence
from html import escape
from typing import NoReturn
from urllib.parse import quote

from snake.core.folder import START
from snake.core.record import Record
from snake.files.answer import Answer
from snake.files.content import Content
from snake.files.hide import Hidden
from snake.files.mime import content_type
from snake.files.precompressed import Sidecar
from snake.files.validators import validators
from snake.http.accept_encoding import accepted_encodings
from snake.http.errors import HandlerError
from snake.http.handler import Next, Send
from snake.http.request import Request
from snake.http.response import Header, drop_early, has_header, respond
from snake.http.roots import join
from snake.http.template import Fill

_VARY = (b"vary", b"Accept-Encoding")
_READS = frozenset({"GET", "HEAD"})


class StaticFiles(Record):
    """The handler of `file_server`."""

    root: Callable[[Request], str]
    hidden: Hidden
    index_names: Sequence[Fill]
    canonical: bool
    pass_thru: bool
    status: Callable[[Request], int] | None
    sidecars: dict[str, Sidecar]
    sidecar_order: Sequence[str]
    etag_extensions: Sequence[str]

    async def __call__(self, request: Request, send: Send, next: Next) -> None:
        """Answer with the file, a redirect to its right name, or 404 (or `next`)."""
        name = join(self.root(request), request.path)
        is_folder = _is_folder(name)
        index = self._index(name, request) if is_folder else None
        name = index or name
        if is_folder is None or (is_folder and index is None) or self.hidden(name, request):
            await self._not_found(request, send, next)
            return
        if self.canonical and (location := _canonical(request, is_index=index is not None)):
            await _redirect(request, send, location)
            return
        try:
            content, coding = self._open(request, name)
        except (FileNotFoundError, IsADirectoryError):
            await self._not_found(request, send, next)
            return
        with content:
            await self._serve(request, send, name, content, coding)

    async def _not_found(self, request: Request, send: Send, next: Next) -> None:
        if not self.pass_thru:
            raise HandlerError(404)
        await next(request, send)

    def _index(self, folder: str, request: Request) -> str | None:
        """Return the first index file of a folder that is there and not hidden."""
        for fill in self.index_names:
            name = join(folder, fill(request))
            if self.hidden(name, request):
                continue
            try:
                if not stat.S_ISDIR(os.stat(START.path(name)).st_mode):  # noqa: PTH116
                    return name
            except (OSError, ValueError):
                continue
        return None

    def _open(self, request: Request, name: str) -> tuple[Content, str]:
        """Open the file or, where the client takes one, its precompressed form."""
        if self.sidecars:
            for coding in accepted_encodings(request, self.sidecar_order):
                sidecar = self.sidecars.get(coding)
                if sidecar is None:
                    continue
                try:
                    return Content(name + sidecar.suffix), coding
                except OSError:
                    continue
        try:
            return Content(name), ""
        except (FileNotFoundError, IsADirectoryError):
            raise
        except OSError as error:
            _refuse(request, error)

    async def _serve(
        self, request: Request, send: Send, name: str, content: Content, coding: str
    ) -> None:
        if request.method not in _READS and request.error is None:
            _add_early(request, _VARY, (b"allow", b"GET, HEAD"))
            raise HandlerError(405)
        # A sidecar has a tag of its own, but the date of the file that it stands for.
        info = (_stat(name) if coding else None) or content.info
        tag = validators(content.info.st_mtime_ns, content.size).etag
        _, modified, last_modified = validators(info.st_mtime_ns, info.st_size)
        etag = _early(request, b"etag") or self._etag_beside(content.path) or tag
        fields: list[Header] = []
        if etag:
            fields.append((b"etag", etag.encode("latin-1", "replace")))
        if last_modified:
            fields.append((b"last-modified", last_modified))
        if coding:
            fields.append((b"content-encoding", coding.encode()))
        mime = _early(request, b"content-type").encode("latin-1") or content_type(name)
        if mime:
            fields.append((b"content-type", mime))
        if request.early:
            drop_early(request, {field for field, _ in fields})
        fields.append(_VARY)
        answer = Answer(request, content, fields, etag, modified, self._status(request))
        await answer.send(send)

    def _etag_beside(self, path: str) -> str:
        """Return the tag in the first file beside this one that has one of the extensions."""
        for extension in self.etag_extensions:
            try:
                with open(path + extension, encoding="latin-1") as file:  # noqa: PTH123
                    return file.read().replace("\n", "").replace("\r", "")
            except FileNotFoundError:
                continue
            except OSError as error:
                raise HandlerError(500, f"cannot read etag from file: {error.strerror}") from error
        return ""

    def _status(self, request: Request) -> int | None:
        """Return the status that replaces the usual one, if any."""
        if self.status is not None:
            return self.status(request)
        if request.error is None:
            return None
        return request.error.status if isinstance(request.error, HandlerError) else 500


def _is_folder(name: str) -> bool | None:
    """Whether `name` is a folder; `None` when there is nothing to serve. Raises `HandlerError`."""
    try:
        mode = os.stat(START.path(name)).st_mode  # noqa: PTH116  # a Path costs more than the call
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
    original = request.original.path if request.original else request.path
    has_slash = original.endswith("/")
    if has_slash is is_index:
        return None
    if posixpath.basename(original.rstrip("/")) != posixpath.basename(request.path.rstrip("/")):
        return None
    path = posixpath.normpath(f"/{original.lstrip('/')}")
    return f"{path}/" if is_index else path


def _stat(name: str) -> os.stat_result | None:
    try:
        return os.stat(name)  # noqa: PTH116
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
            return value.decode("latin-1")
    return ""


def _add_early(request: Request, *fields: Header) -> None:
    request.early = [*(request.early or ()), *fields]
