"""PEM: certificates as text, between lines that say so."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

from snake.core.errors import SnakeError

_BEGIN = re.compile(rb"-----BEGIN (.*)-----[ \t]*")
_END = re.compile(rb"-----END (.*)-----[ \t]*")
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", re.ASCII)


class PEMError(SnakeError):
    """A file that cannot be read, or in which there is no certificate."""


def read_certificates(file: str) -> list[str]:
    """Return the certificates in a file as DER in base64. Raises `PEMError`."""
    try:
        text = Path(file).read_bytes()
    except (OSError, ValueError) as error:
        raise PEMError(f"cannot read {file}: {getattr(error, 'strerror', error)}") from None
    blocks = list(_blocks(text))
    if not blocks or any(kind != b"CERTIFICATE" for kind, _ in blocks):
        raise PEMError(f"no CERTIFICATE pem block found in {file}")
    return [base64.b64encode(der).decode() for _, der in blocks]


def certificates_in(text: bytes) -> list[bytes]:
    """Return the certificates in a text as DER; what else is in it does not count."""
    return [der for kind, der in _blocks(text) if kind == b"CERTIFICATE"]


def _blocks(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of each block. One that is malformed is no block, as in Go."""
    kind: bytes | None = None
    body: list[bytes] = []
    for line in text.replace(b"\r\n", b"\n").split(b"\n"):
        if begin := _BEGIN.fullmatch(line):
            kind, body = begin[1], []
        elif (end := _END.fullmatch(line)) and kind is not None:
            content = _content(body) if end[1] == kind else None
            if content is not None:
                yield kind, content
            kind = None
        else:
            body.append(line)


def _content(lines: list[bytes]) -> bytes | None:
    """Decode what stands between; headers come before it."""
    start = next((index for index, line in enumerate(lines) if b":" not in line), len(lines))
    data = re.sub(rb"[ \t\r]", b"", b"".join(lines[start:]))
    return base64.b64decode(data) if _BASE64.fullmatch(data) else None
