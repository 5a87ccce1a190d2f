"""Handshake: aioquic's TLS, which waits for its certificate with the ClientHello in its hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aioquic import tls
from aioquic.buffer import Buffer

LONGEST_HELLO = 65_536
"""Bytes of a ClientHello; one with post-quantum keys has 2,000."""
_HEAD = 4


class Handshake(tls.Context):
    """The server's side of a handshake."""

    def __init__(self, made: tls.Context, on_hello: Callable[[bytes], None]) -> None:
        """Take the place of a context that aioquic made."""
        super().__init__(is_client=False, alpn_protocols=["h3"])
        self.handshake_extensions = made.handshake_extensions
        self.alpn_cb = made.alpn_cb
        self.update_traffic_key_cb = made.update_traffic_key_cb
        self._on_hello = on_hello
        self._is_told = False

    @property
    def is_waiting(self) -> bool:
        """Whether the ClientHello is there, and the certificate is not."""
        return self._is_told and self.certificate is None

    def restrict(self, groups: tuple[int, ...]) -> None:
        """Take no other curves than these."""
        self._supported_groups = [each for each in self._supported_groups if each in groups]

    def handle_message(self, input_data: bytes, output_buf: dict[Any, Buffer]) -> None:
        """Take bytes of the client. Raises `tls.Alert`."""
        if self.certificate is not None:
            if self.state is tls.State.SERVER_POST_HANDSHAKE and input_data:
                raise tls.AlertUnexpectedMessage("nothing comes after a handshake")
            if len(self._receive_buffer) + len(input_data) > LONGEST_HELLO:
                raise tls.AlertDecodeError("a message of a handshake is too long")
            super().handle_message(input_data, output_buf)
            return
        self._receive_buffer += input_data
        begun = self._receive_buffer
        if len(begun) < _HEAD:
            return
        if begun[0] != tls.HandshakeType.CLIENT_HELLO:
            raise tls.AlertUnexpectedMessage
        end = _HEAD + int.from_bytes(begun[1:_HEAD], "big")
        if max(end, len(begun)) > LONGEST_HELLO:
            raise tls.AlertDecodeError("the ClientHello is too long")
        if len(begun) >= end and not self._is_told:
            self._is_told = True
            self._on_hello(begun[:end])
