"""Limits: how much the cache holds and takes."""

from __future__ import annotations

from typing import NamedTuple

MIB = 1 << 20


class Limits(NamedTuple):
    """Sizes are in bytes, times in seconds. Those of keys, values and lists are Caddy Snake's."""

    key: int = 8192
    value: int = MIB
    """A scalar, an element of a list, a member of a set, a message."""
    items: int = 100_000
    """Elements of one list, members of one set."""
    keys: int = 1_000_000
    """Keys of one namespace."""
    memory: int = 256 * MIB
    """All keys and values together. A namespace gets its fair share even when it is full."""
    buffers: int = 128 * MIB
    """What clients have sent in part or not read yet, beyond `small` for each."""
    small: int = 64 << 10
    reply: int = 16 * MIB
    """What a client may ask for at once."""
    backlog: int = 8 * MIB
    """What a subscriber may be behind; one that is further is cut off."""
    arguments: int = 4096
    """Arguments of a request."""
    request: int = 16 * MIB
    """All arguments of a request together."""
    skipped: int = 512 * MIB
    """A value up to this is read and answered with an error; a longer one ends the connection."""
    connections: int = 10_000
    channels: int = 1000
    """Channels that one connection listens to."""
    patience: float = 30.0
    """How long a request may take to arrive, and a client to read what it asked for."""
    greeting: float = 10.0
    """How long a client may take to say its token."""


DEFAULT = Limits()

STRANGER = Limits(value=4096, arguments=8, request=8192, skipped=4096)
"""What is taken from a client that has not said its token."""
