"""EncryptedTransport: a connection after its handshake, as the protocol above sees it.

The laws of this file:

- What came is decrypted when it comes, record by record, and only while the protocol reads.
- What is written is encrypted at once and leaves in one write, while the client takes it. When
  it does not, what is written waits as it is, and the protocol is told to pause: nothing grows but
  by what the protocol writes against that word.
- The end is `close_notify`. A connection that ends without is cut short, and lost to the protocol
  like one that was reset (RFC 8446 §6.1).
- A client that sends only what no protocol sees (key updates, empty records) is sent away.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from snake.tls.engine import Engine

_RECORD = 16_384
"""Bytes of the longest record (RFC 8446 §5.1)."""
_SIP = 16_640
"""Bytes that OpenSSL is given at once: its buffers never become smaller again."""
_AT_ONCE = 8 * _RECORD
"""Bytes that are encrypted before it is seen whether the client takes them."""
_MOST_UNSEEN = 65_536
"""Bytes that may come from a client without any for the protocol: four of the longest records."""


class EncryptedTransport(asyncio.Transport, asyncio.Protocol):
    """To the socket's transport it is the protocol, to the protocol it is the transport."""

    __slots__ = ("_at", "_backlog", "_choked", "_closing", "_early", "_ended", "_engine",
                 "_incoming", "_loop", "_outgoing", "_protocol", "_raw", "_raw_paused",
                 "_raw_reading", "_read", "_reading", "_session", "_unseen", "_waiting",
                 "_write", "_writing")  # fmt: skip

    def __init__(self, raw: asyncio.Transport, engine: Engine, protocol: asyncio.Protocol) -> None:
        """Go on with the socket of `raw`; call `begin` once the protocol knows of this."""
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._raw = raw
        self._engine = engine
        self._session, self._incoming = engine.session, engine.incoming
        self._outgoing = engine.outgoing
        self._read, self._write = self._session.read, self._session.write
        self._protocol = protocol
        self._reading = True
        """Whether the protocol wants what comes."""
        self._raw_reading = True
        self._choked = False
        """Whether nothing is read because the client does not take what it makes us answer."""
        self._ended = False
        """Whether the client has said that nothing more comes."""
        self._writing = True
        """Whether anything may still be written: there was no `write_eof`."""
        self._closing = False
        self._raw_paused = False
        self._backlog: deque[bytes | memoryview] = deque()
        """What is to be encrypted when the client has taken what was."""
        self._waiting = b""
        """What came and was not given to OpenSSL yet, from `_at` on."""
        self._at = 0
        self._early: deque[bytes] = deque()
        """What was decrypted before the protocol wanted it."""
        self._unseen = 0
        raw.set_protocol(self)

    def begin(self) -> None:
        """Read what came with the end of the handshake; its last words go with the answer."""
        if self._incoming.pending or self._session.pending():
            self._pump()
        else:
            self._flush()

    # What the socket's transport calls ------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Decrypt what came."""
        self._unseen += len(data)
        if len(data) <= _SIP and not self._waiting:
            self._incoming.write(data)
        else:
            self._waiting, self._at = self._waiting[self._at :] + data, 0
        self._pump()

    def eof_received(self) -> bool:
        """Take the end of what comes. It is expected, or somebody has cut the connection."""
        if not self._ended:
            self._raw.abort()
        return self._ended

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the protocol."""
        self._closing = True
        self._backlog.clear()
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        """Encrypt nothing more until the client has taken what was."""
        self._raw_paused = True
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Encrypt what waits."""
        self._raw_paused = False
        while self._backlog and not self._raw_paused:
            self._encrypt(self._backlog.popleft())
        if self._raw_paused:
            return
        if self._closing:
            self._end_raw()
            return
        if not self._writing:
            self._shut_down()
        if self._choked:
            self._choked = False
            self._control()
        self._protocol.resume_writing()

    # In -------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Give the protocol all that can be decrypted, as long as it reads."""
        try:
            while self._reading and not self._ended:
                self._sip()
                if self._drain() and not self._waiting:
                    break
        except ssl.SSLZeroReturnError:
            self._take_end()
        except ssl.SSLError:
            self._flush()  # of the alert that says why
            self._raw.abort()
        if self._unseen > _MOST_UNSEEN:
            self._raw.abort()
        if self._outgoing.pending:
            self._flush()
            self._choked = self._choked or self._raw_paused
        self._control()

    def _control(self) -> None:
        """Read the socket while the protocol reads, and has all that came before."""
        wanted = self._reading and not (self._choked or self._waiting)
        if wanted is not self._raw_reading and not self._raw.is_closing():
            self._raw_reading = wanted
            if wanted:
                self._raw.resume_reading()
            else:
                self._raw.pause_reading()

    def _sip(self) -> None:
        """Give OpenSSL some of what waits, if it has nothing."""
        if self._waiting and not self._incoming.pending:
            at = self._at
            self._incoming.write(self._waiting[at : at + _SIP])
            self._at = at + _SIP
            if self._at >= len(self._waiting):
                self._waiting, self._at = b"", 0

    def _drain(self) -> bool:
        """Give the protocol what OpenSSL has; return whether there is nothing left there."""
        read, incoming = self._read, self._incoming
        while self._reading:
            try:
                data = self._early.popleft() if self._early else read(_RECORD)
            except ssl.SSLWantReadError:
                return True
            if not data:
                self._take_end()
                return True
            self._unseen = 0
            self._protocol.data_received(data)
            if not (incoming.pending or self._early or self._session.pending()):
                return True
        return False

    def _take_end(self) -> None:
        """Take the client's word that nothing more comes."""
        if self._ended:
            return
        self._ended = True
        if not self._protocol.eof_received():
            self.close()

    def pause_reading(self) -> None:
        """Decrypt and read no more."""
        self._reading = False
        self._control()

    def resume_reading(self) -> None:
        """Read on, beginning with what is here already."""
        if self._reading or self._raw.is_closing():
            return
        self._reading = True
        if self._incoming.pending or self._waiting or self._early or self._session.pending():
            self._loop.call_soon(self._pump)
        else:
            self._control()

    def is_reading(self) -> bool:
        """Return whether the protocol is given what comes."""
        return self._reading

    # Out ------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes; what the client does not take yet waits."""
        if self._closing or not self._writing or not data:
            return
        if self._raw_paused or self._backlog:
            self._backlog.append(bytes(data))
            return
        if len(data) <= _RECORD:
            self._write(data)  # type: ignore[arg-type]
            self._raw.write(self._outgoing.read())
        else:
            self._encrypt(data)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send several as one."""
        self.write(b"".join(list_of_data))

    def _encrypt(self, data: bytes | bytearray | memoryview) -> None:
        """Encrypt and send, piece by piece; what is left when the client has enough waits."""
        view = memoryview(data)
        at = 0
        while at < len(view) and not self._raw_paused:
            records = []
            for start in range(at, min(at + _AT_ONCE, len(view)), _RECORD):
                self._write(view[start : start + _RECORD])
                records.append(self._outgoing.read())
            at += _AT_ONCE
            self._raw.write(b"".join(records))
        if at < len(view):
            self._backlog.appendleft(view[at:])

    def _flush(self) -> None:
        data = self._outgoing.read()
        if data and not self._raw.is_closing():
            self._raw.write(data)

    def get_write_buffer_size(self) -> int:
        """Return how many bytes the client has not taken."""
        waiting = self._raw.get_write_buffer_size()
        return waiting + sum(map(len, self._backlog)) if self._backlog else waiting

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set how many bytes may wait before the protocol is told to pause."""
        self._raw.set_write_buffer_limits(high, low)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return these limits, the low one first."""
        return self._raw.get_write_buffer_limits()

    # The end --------------------------------------------------------------------------

    def can_write_eof(self) -> bool:
        """Whether one side can end alone: it can."""
        return True

    def write_eof(self) -> None:
        """End this side, when all that was written is out; the client may go on."""
        if self._writing and not self._closing:
            self._writing = False
            if not (self._backlog or self._raw_paused):
                self._shut_down()

    def close(self) -> None:
        """Close when all that was written is out."""
        if self._closing:
            return
        self._closing = True
        if not self._backlog:
            self._end_raw()

    def _end_raw(self) -> None:
        if self._writing:
            self._say_end()
        self._raw.close()

    def _shut_down(self) -> None:
        """Say the end, and close this side of the socket as well."""
        self._say_end()
        if not self._raw.is_closing():
            self._raw.write_eof()

    def _say_end(self) -> None:
        """Send `close_notify`. OpenSSL then forgets what it has not decrypted, so that is done."""
        with suppress(ssl.SSLError):
            while data := self._read(_RECORD):
                self._early.append(data)
        with suppress(ssl.SSLError):
            self._session.unwrap()
        self._flush()

    def is_closing(self) -> bool:
        """Return whether nothing can be sent any more."""
        return self._closing or self._raw.is_closing()

    def abort(self) -> None:
        """Close at once, without a word; what was not sent is lost."""
        self._closing = True
        self._raw.abort()

    # What else there is to know -----------------------------------------------------------

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401
        """Return what the socket's transport knows, and `ssl_object`: the session."""
        if name == "ssl_object":
            return self._session
        return self._raw.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Let another protocol have the connection."""
        self._protocol = protocol  # type: ignore[assignment]

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who has it."""
        return self._protocol
