"""sniff: the type of a body that came without one, by its first bytes.

Source: https://mimesniff.spec.whatwg.org/, the parts of it that Go's `http.DetectContentType` has,
since that is what clients of Caddy get.
"""

from __future__ import annotations

import re

_LONGEST = 512
"""Bytes that are looked at."""

_TAGS = rb"!DOCTYPE HTML|HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|B|BODY|BR|P|!--"
_SIGNS: tuple[tuple[re.Pattern[bytes], bytes], ...] = tuple(
    (re.compile(pattern, re.DOTALL), name)
    for pattern, name in (
        (rb"(?i:[\t\n\f\r ]*<(?:%b)[ >])" % _TAGS, b"text/html; charset=utf-8"),
        (rb"[\t\n\f\r ]*<\?xml", b"text/xml; charset=utf-8"),
        (rb"%PDF-", b"application/pdf"),
        (rb"%!PS-Adobe-", b"application/postscript"),
        (rb"\xfe\xff..", b"text/plain; charset=utf-16be"),
        (rb"\xff\xfe..", b"text/plain; charset=utf-16le"),
        (rb"\xef\xbb\xbf.", b"text/plain; charset=utf-8"),
        (rb"\0\0[\x01\x02]\0", b"image/x-icon"),
        (rb"BM", b"image/bmp"),
        (rb"GIF8[79]a", b"image/gif"),
        (rb"RIFF.{4}WEBPVP", b"image/webp"),
        (rb"\x89PNG\r\n\x1a\n", b"image/png"),
        (rb"\xff\xd8\xff", b"image/jpeg"),
        (rb"FORM.{4}AIFF", b"audio/aiff"),
        (rb"ID3", b"audio/mpeg"),
        (rb"OggS\0", b"application/ogg"),
        (rb"MThd\0\0\0\x06", b"audio/midi"),
        (rb"RIFF.{4}AVI ", b"video/avi"),
        (rb"RIFF.{4}WAVE", b"audio/wave"),
    )
)
_LATER_SIGNS: tuple[tuple[re.Pattern[bytes], bytes], ...] = tuple(
    (re.compile(pattern, re.DOTALL), name)
    for pattern, name in (
        (rb"\x1a\x45\xdf\xa3", b"video/webm"),
        (rb".{34}LP", b"application/vnd.ms-fontobject"),
        (rb"\0\x01\0\0", b"font/ttf"),
        (rb"OTTO", b"font/otf"),
        (rb"ttcf", b"font/collection"),
        (rb"wOFF", b"font/woff"),
        (rb"wOF2", b"font/woff2"),
        (rb"\x1f\x8b\x08", b"application/x-gzip"),
        (rb"PK\x03\x04", b"application/zip"),
        (rb"Rar!\x1a\x07(?:\0|\x01\0)", b"application/x-rar-compressed"),
        (rb"\0asm", b"application/wasm"),
    )
)
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")


def sniff(data: bytes) -> bytes:
    """Return the type of a body that begins like this."""
    data = bytes(data[:_LONGEST])
    for pattern, name in _SIGNS:
        if pattern.match(data):
            return name
    if _is_mp4(data):
        return b"video/mp4"
    for pattern, name in _LATER_SIGNS:
        if pattern.match(data):
            return name
    return b"application/octet-stream" if _BINARY.search(data) else b"text/plain; charset=utf-8"


def _is_mp4(data: bytes) -> bool:
    size = int.from_bytes(data[:4], "big")
    if len(data) < max(12, size) or size % 4 or data[4:8] != b"ftyp":
        return False
    return any(data[at : at + 3] == b"mp4" for at in range(8, size, 4) if at != 12)  # noqa: PLR2004
