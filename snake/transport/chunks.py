"""ChunkReader: a body in chunks, strictly by RFC 9112 §7.1.

Leniency here is how requests are smuggled: every reader that takes `0x5`, a bare LF or
an unfinished line as a size disagrees with some proxy about where the body ends. So there is
one grammar, and what does not match it ends the connection.
"""

from __future__ import annotations

import re
from enum import Enum, auto

from snake.transport.refusal import RefusedError
from snake.transport.settings import Settings

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
_SIZE_LINE = re.compile(
    rb"([0-9A-Fa-f]{1,16})((?:[ \t]*;[ \t]*%b(?:[ \t]*=[ \t]*(?:%b|%b))?)*)"
    % (_TOKEN, _TOKEN, _QUOTED)
)
_TRAILER_LINE = re.compile(rb"(%b):([^\x00-\x08\x0a-\x1f\x7f]*)" % _TOKEN)
NOT_AS_TRAILER = frozenset({b"content-length", b"transfer-encoding", b"host", b"trailer"})
"""Fields that must not come after the body (RFC 9110 §6.5.1)."""

_LONGEST_LINE = 4096
_MOST_EXTENSION_BYTES = 16_384
"""Of all chunks together. Nobody uses extensions; they only cost (Go: CVE-2023-39326)."""
_LARGEST_SIZE = 2**63 - 1


class _State(Enum):
    SIZE = auto()
    DATA = auto()
    DATA_END = auto()
    TRAILER = auto()
    DONE = auto()


class ChunkReader:
    """Takes bytes as they come; gives the data in them, and what is left after the last chunk."""

    __slots__ = ("_extension_bytes", "_left", "_line", "_settings", "_state", "_trailer_bytes",
                 "trailers")  # fmt: skip

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._state = _State.SIZE
        self._line = b""
        self._left = 0
        self._extension_bytes = 0
        self._trailer_bytes = 0
        self.trailers: list[tuple[bytes, bytes]] = []
        """The fields after the body; never to be taken for those before it."""

    @property
    def done(self) -> bool:
        """Whether the end of the body was read."""
        return self._state is _State.DONE

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the body's bytes in `data`, and those after its end. Raises `RefusedError`."""
        pieces: list[bytes] = []
        at = 0
        while at < len(data) and not self.done:
            if self._state is _State.DATA:
                piece = data[at : at + self._left]
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if self._left == 0:
                    self._state = _State.DATA_END
            else:
                at = self._take_line(data, at)
        return b"".join(pieces), data[at:]

    def _take_line(self, data: bytes, at: int) -> int:
        """Read a line from `at` on, or keep its first half; return the place after it."""
        end = data.find(b"\n", at)
        stop = len(data) if end < 0 else end + 1
        line = self._line + data[at:stop]
        if len(line) > _LONGEST_LINE:
            raise RefusedError(431 if self._state is _State.TRAILER else 400)
        if end < 0:
            self._check_start(line)
            self._line = line
            return stop
        self._line = b""
        if not line.endswith(b"\r\n"):
            raise RefusedError(400, "malformed chunk")
        self._read_line(line[:-2])
        return stop

    def _check_start(self, line: bytes) -> None:
        """Refuse half a line that no end can make right, rather than wait for its end."""
        if self._state is _State.DATA_END and line != b"\r":
            raise RefusedError(400, "malformed chunk")

    def _read_line(self, line: bytes) -> None:
        match self._state:
            case _State.SIZE:
                self._read_size(line)
            case _State.DATA_END:
                if line:
                    raise RefusedError(400, "malformed chunk")
                self._state = _State.SIZE
            case _:
                self._read_trailer(line)

    def _read_size(self, line: bytes) -> None:
        match = _SIZE_LINE.fullmatch(line)
        if match is None:
            raise RefusedError(400, "malformed chunk size")
        self._left = int(match[1], 16)
        self._extension_bytes += len(match[2])
        if self._left > _LARGEST_SIZE or self._extension_bytes > _MOST_EXTENSION_BYTES:
            raise RefusedError(400, "malformed chunk size")
        self._state = _State.DATA if self._left else _State.TRAILER

    def _read_trailer(self, line: bytes) -> None:
        """Check a trailer field, and keep it apart."""
        if not line:
            self._state = _State.DONE
            return
        match = _TRAILER_LINE.fullmatch(line)
        name = match[1].lower() if match is not None else b""
        if match is None or name in NOT_AS_TRAILER:
            raise RefusedError(400, "malformed trailer")
        self.trailers.append((name, match[2].strip(b" \t")))
        self._trailer_bytes += len(line)
        if (
            len(self.trailers) > self._settings.max_header_count
            or self._trailer_bytes > self._settings.max_header_bytes
        ):
            raise RefusedError(431)
