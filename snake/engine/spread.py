"""Spread: over how many sockets of a port the kernel spreads new connections (Linux)."""

from __future__ import annotations

import ctypes
import socket
import struct
import sys
from contextlib import suppress

# <asm-generic/socket.h>
_SO_ATTACH_REUSEPORT_CBPF = 51
_SO_DETACH_REUSEPORT_BPF = 68
# <linux/filter.h>: BPF_LD | BPF_W | BPF_ABS, BPF_ALU | BPF_MOD | BPF_K, BPF_RET | BPF_A
_LOAD, _MODULO, _RETURN = 0x20, 0x94, 0x16
_RANDOM = 0xFFFFF000 + 56
"""SKF_AD_OFF + SKF_AD_RANDOM: a random number, rather than a hash that not every card has."""
_INSTRUCTION = struct.Struct("=HBBI")
_PROGRAM = struct.Struct("@HP")


def spread(sock: socket.socket, count: int, of: int) -> None:
    """Have new connections go to the first `count` of the `of` sockets that share its port.

    They are in the order in which they began to listen. Where this cannot be had, connections
    go on to come to all.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError):
        if count >= of:
            sock.setsockopt(socket.SOL_SOCKET, _SO_DETACH_REUSEPORT_BPF, 0)
            return
        steps = ((_LOAD, _RANDOM), (_MODULO, count), (_RETURN, 0))
        code = b"".join(_INSTRUCTION.pack(word, 0, 0, value) for word, value in steps)
        kept = ctypes.create_string_buffer(code, len(code))
        program = _PROGRAM.pack(len(steps), ctypes.addressof(kept))
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_REUSEPORT_CBPF, program)
