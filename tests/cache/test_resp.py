"""The codec: what is read is what was written, in pieces of any size; all else is refused."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snake.cache.limits import DEFAULT, Limits
from snake.cache.resp import (
    MORE,
    ProtocolError,
    Refused,
    Replies,
    ReplyError,
    Requests,
    encode,
    encode_command,
)

COMMANDS = st.lists(st.lists(st.binary(max_size=20), min_size=1, max_size=5), max_size=5)
REPLIES = st.recursive(
    st.none() | st.integers(-(1 << 63), (1 << 63) - 1) | st.binary(max_size=20) | st.text("abc é"),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)


def pieces(data: bytes, sizes: list[int]) -> list[bytes]:
    """Return the bytes in pieces of these sizes, in turn."""
    cut: list[bytes] = []
    at = 0
    while at < len(data):
        size = sizes[len(cut) % len(sizes)]
        cut.append(data[at : at + size])
        at += size
    return cut


def read_all(requests: Requests) -> None:
    """Read until there is no more."""
    while requests.next() is not None:
        pass


@given(COMMANDS, st.lists(st.integers(1, 7), min_size=1))
def test_commands_come_through(commands: list[list[bytes]], sizes: list[int]) -> None:
    """However they are cut, and nothing of them is kept."""
    requests = Requests(DEFAULT)
    got = []
    for piece in pieces(b"".join(map(encode_command, commands)), sizes):
        requests.feed(piece)
        while (request := requests.next()) is not None:
            got.append(request)

    assert got == commands
    assert not requests.pending
    assert requests.held == 0


@given(st.lists(REPLIES, max_size=5), st.lists(st.integers(1, 7), min_size=1))
def test_replies_come_through(said: list[Any], sizes: list[int]) -> None:
    """However they are cut, arrays in arrays too."""
    replies = Replies()
    got = []
    for piece in pieces(b"".join(map(encode, said)), sizes):
        replies.feed(piece)
        while (reply := replies.next()) is not MORE:
            got.append(reply)

    assert got == said
    assert not replies.pending


@given(st.binary(max_size=200))
def test_any_bytes_are_requests_or_an_error(data: bytes) -> None:
    """Nothing but `ProtocolError` is raised."""
    requests = Requests(DEFAULT)
    requests.feed(data)
    with suppress(ProtocolError):
        read_all(requests)


@given(st.binary(max_size=200))
def test_any_bytes_are_replies_or_an_error(data: bytes) -> None:
    """Nothing but `ProtocolError` is raised."""
    replies = Replies()
    replies.feed(data)
    with suppress(ProtocolError):
        while replies.next() is not MORE:
            pass


@pytest.mark.parametrize(
    "data",
    [
        b"PING\r\n",
        b"\r\n",
        b"*0\r\n",
        b"*-1\r\n",
        b"*01\r\n",
        b"*+1\r\n",
        b"* 1\r\n",
        b"*1_0\r\n",
        b"*1\n$1\r\na\r\n",
        b"*99999999999999999999\r\n",
        b"*4097\r\n",
        b"*1\r\n:1\r\n",
        b"*1\r\n*1\r\n$1\r\na\r\n",
        b"*1\r\n$-1\r\n",
        b"*1\r\n$10737418240\r\n",
        b"*1\r\n$1\r\nabc\r\n",
        b"*" + b"1" * 70,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 60,
    ],
)
def test_what_is_no_request_is_refused(data: bytes) -> None:
    """At the first byte that can be nothing else."""
    requests = Requests(DEFAULT)
    requests.feed(data)
    with pytest.raises(ProtocolError):
        read_all(requests)


def test_a_value_too_long_is_passed_over() -> None:
    """It is not kept, the request is refused, and the next one is read."""
    requests = Requests(Limits(value=10, request=15))
    requests.feed(b"*2\r\n$3\r\nGET\r\n$1000\r\n")
    for _ in range(10):
        requests.feed(b"x" * 100)
        assert requests.next() is None
        assert requests.held <= 3
    requests.feed(b"\r\n" + encode_command([b"a" * 8, b"b" * 8]) + encode_command([b"PING"]))

    refused, both, last = (requests.next() for _ in range(3))
    assert refused == Refused("ERR 1000 bytes are too many; a value has at most 10")
    assert both == Refused("ERR a command has at most 15 bytes")
    assert last == [b"PING"]


@pytest.mark.parametrize(
    "data",
    [
        b"!1\r\n",
        b"$x\r\n",
        b"$99999999999\r\n",
        b"*9999999\r\n",
        b":x\r\n",
        b"*1\r\n" * 9,
        b"$1\r\nabc",
    ],
)
def test_what_is_no_reply_is_refused(data: bytes) -> None:
    """A server that talks rubbish is not believed."""
    replies = Replies()
    replies.feed(data)
    with pytest.raises(ProtocolError):
        replies.next()


def test_an_error_is_one_line() -> None:
    """What a client has said cannot end the line of an error."""
    assert encode(ReplyError("ERR a\r\n+OK\n")) == b"-ERR a  +OK \r\n"
