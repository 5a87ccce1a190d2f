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
_BLOCK = re.compile(r"-----BEGIN ([^\n]+)-----[ \t]*\n.*?\n-----END \1-----", re.DOTALL)
_ENCRYPTED = re.compile(r"-----BEGIN ENCRYPTED |^Proc-Type:[^\n]*ENCRYPTED", re.MULTILINE)
_CERTIFICATE, _KEY, _PARAMETERS = "CERTIFICATE", "PRIVATE KEY", "EC PARAMETERS"


class PEMError(SnakeError):
    """A file that cannot be read, or in which there is not what is needed."""


def chain_in(text: str) -> str:
    """Return the certificates in a text, and nothing that stands between. Raises `PEMError`."""
    found = [block for kind, block in _texts(text) if kind == _CERTIFICATE]
    if not found:
        raise PEMError("no CERTIFICATE pem block")
    return "\n".join(found) + "\n"


def key_in(text: str) -> str:
    """Return the first private key in a text. Raises `PEMError`; its message has none of it."""
    for kind, block in _texts(text):
        if kind == _KEY or kind.endswith(f" {_KEY}"):
            if _ENCRYPTED.search(block):
                raise PEMError(
                    "encrypted private keys are not supported; please decrypt the key first"
                )
            return block + "\n"
    raise PEMError("no PRIVATE KEY pem block")


def check_bundle(text: str) -> None:
    """Refuse what has blocks beside certificates and keys. Raises `PEMError`."""
    for kind, _ in _texts(text):
        if kind not in (_CERTIFICATE, _PARAMETERS) and not kind.endswith(_KEY):
            raise PEMError(f"unrecognized PEM block type: {kind}")


def only_certificates_in(text: str) -> list[bytes]:
    """Return the certificates in a text as DER. Raises `PEMError` if there is anything else."""
    blocks = list(_blocks(text.encode("utf-8", "replace")))
    if not blocks or any(kind != b"CERTIFICATE" for kind, _ in blocks):
        raise PEMError("no CERTIFICATE pem block")
    return [der for _, der in blocks]


def _texts(text: str) -> Iterator[tuple[str, str]]:
    """Yield the kind of each block, and the block as it stands there."""
    for found in _BLOCK.finditer(text.replace("\r\n", "\n")):
        yield found[1], found[0]


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
