"""QuicConnection: aioquic's, held to what its host can bear.

What aioquic leaves to its user, or does otherwise than a server must:

- Its windows double whenever they are half used. Here a client may send what was taken, and no
  more (`grant`, `release`).
- It takes one certificate for all. Here it waits for one with the ClientHello (`handshake.py`).
- It chooses connection IDs by chance. Here they say whose they are (`identity.py`).
- It keeps what comes in pieces and out of order, however small the pieces, and however far apart.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from aioquic import tls
from aioquic.buffer import Buffer
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import (
    END_STATES,
    NetworkAddress,
    QuicConnectionError,
    QuicConnectionId,
    QuicReceiveContext,
)
from aioquic.quic.connection import QuicConnection as Base
from aioquic.quic.packet import QuicErrorCode, QuicFrameType
from aioquic.quic.packet_builder import QuicPacketBuilder
from aioquic.quic.recovery import QuicPacketSpace
from aioquic.quic.stream import QuicStream, QuicStreamReceiver

from snake.transport.quic.credentials import Credentials
from snake.transport.quic.handshake import LONGEST_HELLO, Handshake
from snake.transport.quic.identity import LENGTH, Identity

WINDOW = 262_144
"""Bytes of one stream that may wait for the app."""
MOST_STREAMS = 100
"""Requests that a client may have open (quic-go: 100)."""
_CONNECTION_WINDOW = 1_048_576
_MOST_ONE_WAY = 16
"""Streams that only the client writes to; HTTP/3 has use for three."""
_MOST_PIECES = 512
"""Pieces out of order that are kept of one stream."""
_CONNECTION_IDS = 3
"""Connection IDs that a client has to choose from."""
_MOST_IDS = 1024
"""Connection IDs that one client gets in all; one that wants more goes on with those it has."""
_MANY_KEPT = 500
"""Packets that are kept from which on a client is asked to acknowledge them."""
_MOST_KEPT = 20_000
_IDLE = 30.0
"""Seconds without a packet after which a client is gone (quic-go: 30)."""
logging.getLogger("quic").setLevel(logging.CRITICAL)  # it logs what strangers do

_PENDING = object()
"""In place of a certificate: it is known only when the client has said whom it wants."""


def configuration() -> QuicConfiguration:
    """Return what holds for all connections."""
    return QuicConfiguration(
        is_client=False,
        alpn_protocols=["h3"],
        certificate=_PENDING,
        private_key=_PENDING,
        connection_id_length=LENGTH,
        idle_timeout=_IDLE,
        max_data=_CONNECTION_WINDOW,
        max_stream_data=WINDOW,
    )


class QuicConnection(Base):
    """One client's connection."""

    def __init__(
        self,
        configuration: QuicConfiguration,
        identity: Identity,
        original_id: bytes,
        retry_id: bytes | None,
    ) -> None:
        super().__init__(
            configuration=configuration,
            original_destination_connection_id=original_id,
            retry_source_connection_id=retry_id,
        )
        self._identity = identity
        self.on_hello: Callable[[bytes], None] = _unheard
        """Is called with the ClientHello."""
        first = self._host_cids[0]
        first.cid = self.host_cid = identity.connection_id()
        first.stateless_reset_token = identity.reset_token(first.cid)
        self._local_initial_source_connection_id = first.cid
        self._due = 0
        self._owed: dict[int, int] = {}
        for limit, value in (
            (self._local_max_streams_bidi, MOST_STREAMS),
            (self._local_max_streams_uni, _MOST_ONE_WAY),
        ):
            limit.value = limit.sent = value

    # The handshake ---------------------------------------------------------------

    @property
    def has_begun(self) -> bool:
        """Whether a packet came that was one."""
        return self._peer_cid.sequence_number is not None

    @property
    def is_established(self) -> bool:
        """Whether the handshake is complete."""
        return self._handshake_complete

    @property
    def is_closing(self) -> bool:
        """Whether nothing more is heard or said."""
        return self._close_pending or self._state in END_STATES

    @property
    def next_stream(self) -> int:
        """The first stream of a request that the client has not opened yet."""
        return self._local_max_streams_bidi.used * 4

    @property
    def is_waiting(self) -> bool:
        """Whether the client waits for our certificate."""
        handshake = getattr(self, "tls", None)
        return isinstance(handshake, Handshake) and handshake.is_waiting

    @property
    def cipher_suite(self) -> int:
        """The number of the cipher suite that was agreed on."""
        schedule = self.tls.key_schedule
        return int(schedule.cipher_suite) if schedule is not None else 0

    def _initialize(self, peer_cid: bytes) -> None:
        super()._initialize(peer_cid)
        self.tls: Handshake = Handshake(self.tls, self.on_hello)
        self._network_paths[0].is_validated = self._retry_source_connection_id is not None

    def go_on(self, credentials: Credentials, groups: tuple[int, ...]) -> None:
        """Go on with the handshake as the owner of this certificate, with these curves alone."""
        if groups:
            self.tls.restrict(groups)
        self.tls.certificate = credentials.leaf
        self.tls.certificate_chain = credentials.chain
        self.tls.certificate_private_key = credentials.key  # type: ignore[assignment]
        try:
            self.tls.handle_message(b"", self._crypto_buffers)
            self._push_crypto_data()
        except tls.Alert as alert:
            self.refuse(int(alert.description), str(alert))
        except QuicConnectionError as error:
            self.close(error.error_code, error.frame_type, error.reason_phrase)

    def refuse(self, alert: int, reason: str = "") -> None:
        """End the handshake with an alert of TLS (RFC 9001 §4.8)."""
        self.close(QuicErrorCode.CRYPTO_ERROR + alert, QuicFrameType.CRYPTO, reason)

    # Connection IDs -----------------------------------------------------------------

    def _replenish_connection_ids(self) -> None:
        most = min(_CONNECTION_IDS, self._remote_active_connection_id_limit)
        while len(self._host_cids) < most and self._host_cid_seq < _MOST_IDS:
            cid = self._identity.connection_id()
            token = self._identity.reset_token(cid)
            self._host_cids.append(QuicConnectionId(cid, self._host_cid_seq, token))
            self._host_cid_seq += 1

    @property
    def connection_ids(self) -> list[bytes]:
        """All that are in use."""
        return [each.cid for each in self._host_cids]

    # In --------------------------------------------------------------------------------

    def grant(self, stream_id: int, count: int) -> None:
        """Let the client send as much more on a stream, and in all."""
        self.release(count)
        stream = self._streams.get(stream_id)
        if stream is None or stream.receiver.is_finished:
            self._owed.pop(stream_id, None)
            return
        owed = self._owed.get(stream_id, 0) + count
        if owed >= WINDOW // 2:
            stream.max_stream_data_local += owed
            owed = 0
        self._owed[stream_id] = owed

    def release(self, count: int) -> None:
        """Let the client send as much more in all, but not on a stream that nobody reads."""
        self._due += count
        if self._due >= _CONNECTION_WINDOW // 2:
            self._local_max_data.value += self._due
            self._due = 0

    def forget(self, stream_id: int) -> None:
        """Drop what is known of a stream that is over."""
        self._owed.pop(stream_id, None)

    def missing(self, stream_id: int) -> int:
        """Return how many bytes were announced of a stream that was reset, and will not come."""
        stream = self._streams.get(stream_id)
        if stream is None:
            return 0
        return stream.receiver.highest_offset - stream.receiver.starting_offset()

    def _handle_crypto_frame(
        self, context: QuicReceiveContext, frame_type: int, buf: Buffer
    ) -> None:
        at = buf.tell()
        end = buf.pull_uint_var() + buf.pull_uint_var()
        receiver = self._crypto_streams[context.epoch].receiver
        if end - receiver.starting_offset() > LONGEST_HELLO or _is_scattered(receiver):
            raise QuicConnectionError(
                QuicErrorCode.CRYPTO_BUFFER_EXCEEDED, frame_type, "too much crypto buffering"
            )
        buf.seek(at)
        super()._handle_crypto_frame(context, frame_type, buf)

    def _handle_stream_frame(
        self, context: QuicReceiveContext, frame_type: int, buf: Buffer
    ) -> None:
        at = buf.tell()
        stream = self._streams.get(buf.pull_uint_var())
        if stream is not None and _is_scattered(stream.receiver):
            raise QuicConnectionError(
                QuicErrorCode.INTERNAL_ERROR, frame_type, "too many pieces out of order"
            )
        buf.seek(at)
        super()._handle_stream_frame(context, frame_type, buf)

    def _write_connection_limits(self, builder: QuicPacketBuilder, space: QuicPacketSpace) -> None:
        limit = self._local_max_data
        used, limit.used = limit.used, 0  # or else it would be doubled
        try:
            super()._write_connection_limits(builder, space)
        finally:
            limit.used = used

    def _write_stream_limits(
        self, builder: QuicPacketBuilder, space: QuicPacketSpace, stream: QuicStream
    ) -> None:
        if stream.max_stream_data_local_sent == stream.max_stream_data_local:
            return
        receiver = stream.receiver
        if receiver.is_finished:
            stream.max_stream_data_local_sent = stream.max_stream_data_local
            return
        highest, receiver.highest_offset = receiver.highest_offset, 0  # likewise
        try:
            super()._write_stream_limits(builder, space, stream)
        finally:
            receiver.highest_offset = highest

    # Out -------------------------------------------------------------------------------

    def datagrams_to_send(self, now: float) -> list[tuple[bytes, NetworkAddress]]:
        """Return what is to be sent, and where to.

        What was sent is kept until it is acknowledged, or lost behind what is: with a client that
        only has its own acknowledged, for ever. So it is asked, and sent away if it says nothing.
        """
        space = self._spaces.get(tls.Epoch.ONE_RTT)
        kept = len(space.sent_packets) if space is not None else 0
        if kept > _MOST_KEPT:
            self.close(QuicErrorCode.INTERNAL_ERROR, None, "nothing is acknowledged")
        elif space is not None and kept > _MANY_KEPT and not space.ack_eliciting_in_flight:
            self.send_ping(0)
        return super().datagrams_to_send(now)

    @property
    def in_flight(self) -> int:
        """Bytes that are on their way."""
        return self._loss.bytes_in_flight

    def unsent(self, stream_id: int) -> int:
        """Return how many bytes of a stream wait to be sent for the first time."""
        stream = self._streams.get(stream_id)
        if stream is None:
            return 0
        return stream.sender._buffer_stop - stream.sender.highest_offset  # noqa: SLF001

    def acknowledged(self, stream_id: int) -> int | None:
        """Return how many bytes of a stream the client has; `None` if it has all."""
        stream = self._streams.get(stream_id)
        if stream is None or stream.sender._buffer_start == stream.sender._buffer_stop:  # noqa: SLF001
            return None
        return stream.sender._buffer_start  # noqa: SLF001

    def can_write(self, stream_id: int) -> bool:
        """Return whether a stream takes bytes."""
        stream = self._streams.get(stream_id)
        return stream is not None and not (
            stream.sender.is_finished or stream.sender._reset_error_code is not None  # noqa: SLF001
        )

    def give_up(self, stream_id: int, code: int) -> None:
        """End both directions of a stream, as far as they have not ended."""
        stream = self._streams.get(stream_id)
        if stream is None:
            return
        stream.sender.reset(code)
        self.decline(stream_id, code)

    def decline(self, stream_id: int, code: int) -> None:
        """Ask the client to send no more on a stream."""
        stream = self._streams.get(stream_id)
        if stream is not None and not stream.receiver.is_finished:
            stream.receiver.stop(code)


def _unheard(message: bytes) -> None:
    del message


def _is_scattered(receiver: QuicStreamReceiver) -> bool:
    return len(receiver._ranges) > _MOST_PIECES  # noqa: SLF001
