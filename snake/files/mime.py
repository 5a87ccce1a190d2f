"""Content types by file name extension, as Go's `mime` package finds them.

The built-in table comes first; the system's database adds to it and, where there
is only a `mime.types`, replaces from it. A text type gets `charset=utf-8`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

GLOBS = (Path("/usr/local/share/mime/globs2"), Path("/usr/share/mime/globs2"))
"""The shared MIME database of freedesktop.org: the first one that is there counts."""

TYPES = tuple(
    Path(name)
    for name in (
        "/etc/mime.types",
        "/etc/apache2/mime.types",
        "/etc/apache/mime.types",
        "/etc/httpd/conf/mime.types",
    )
)
"""Where there is no such database, all of these are read."""

_BUILTIN = """
application/gzip gz
application/json json
application/msword doc
application/octet-stream bin com exe
application/pdf pdf
application/postscript ai eps ps
application/rdf+xml rdf
application/rtf rtf
application/vnd.android.package-archive apk
application/vnd.ms-excel xls
application/vnd.ms-powerpoint ppt
application/vnd.openxmlformats-officedocument.presentationml.presentation pptx
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet xlsx
application/vnd.openxmlformats-officedocument.wordprocessingml.document docx
application/wasm wasm
application/xhtml+xml xht xhtml
application/zip zip
audio/flac flac
audio/mp4 m4a
audio/mpeg mp3
audio/ogg oga ogg opus
audio/wav wav
audio/webm webm
image/apng apng
image/avif avif
image/bmp bmp
image/gif gif
image/jpeg jfif jpeg jpg pjp pjpeg
image/png png
image/svg+xml svg
image/tiff tif tiff
image/vnd.microsoft.icon ico
image/webp webp
image/x-xbitmap xbm
message/rfc822 eml
text/calendar ics
text/css css
text/csv csv
text/html ehtml htm html shtml
text/javascript js mjs
text/plain text txt
text/vtt vtt
text/xml xbl xml xsl
video/mp4 mp4
video/ogg ogv
"""


def content_type(filename: str) -> bytes | None:
    """Return the content type that the extension stands for, in any case."""
    name = filename[filename.rfind("/") + 1 :]
    dot = name.rfind(".")
    if dot < 0:
        return None
    extension = name[dot:]
    types = _types()
    return types.get(extension) or types.get(extension.lower())


@cache
def _types() -> dict[str, bytes]:
    return read_types(GLOBS, TYPES)


def read_types(globs: tuple[Path, ...], types: tuple[Path, ...]) -> dict[str, bytes]:
    """Read the tables into one, by extension with its dot. Missing files are no error."""
    table: dict[str, bytes] = {}
    _read_mime_types(_BUILTIN, table)
    for path in globs:
        if (text := _text(path)) is not None:
            _read_globs(text, table)
            return table
    for path in types:
        _read_mime_types(_text(path) or "", table)
    return table


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return None


def _read_globs(text: str, table: dict[str, bytes]) -> None:
    """Read lines like `50:text/html:*.html`. They are sorted by weight: the first one counts."""
    for line in text.splitlines():
        fields = line.split(":")
        if line.startswith("#") or len(fields) < 3 or not fields[2].startswith("*."):  # noqa: PLR2004
            continue
        extension = fields[2][1:]
        if extension != "." and not any(char in extension for char in "?*["):
            table.setdefault(extension, _with_charset(fields[1]))


def _read_mime_types(text: str, table: dict[str, bytes]) -> None:
    """Read lines like `text/html html htm`. A later one counts."""
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        for extension in words[1:]:
            table[f".{extension}"] = _with_charset(words[0])


def _with_charset(mime: str) -> bytes:
    return f"{mime}; charset=utf-8".encode() if mime.startswith("text/") else mime.encode()
