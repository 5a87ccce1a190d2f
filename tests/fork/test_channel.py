"""Messages and descriptors between two processes."""

from __future__ import annotations

import asyncio
import os

import pytest

from snake.engine.line import Line
from snake.fork.channel import (
    Count,
    Exited,
    Failed,
    Fork,
    Forked,
    Inbox,
    Listen,
    Message,
    Provision,
    Ready,
    pair,
    send,
)

MESSAGES: list[Message] = [
    Fork(1),
    Forked(1, 42),
    Forked(2, 0, "no"),
    Exited(1, -9),
    Listen((":80", "unix//x")),
    Count(),
    Provision("{}" * 100_000, 3),
    Ready(),
    Failed("a\nb"),
]


async def test_messages_arrive_whole_and_in_order() -> None:
    """Messages of any size arrive as they were sent, many at once."""
    ours, theirs = pair()
    sender, receiver = await Line.on(ours), await Line.on(theirs)
    for message in MESSAGES:
        sender.send(message)
    assert [await receiver.receive() for _ in MESSAGES] == MESSAGES
    sender.close()
    assert await receiver.receive() is None
    receiver.close()


async def test_an_inbox_reads_no_byte_too_many() -> None:
    """What was sent after a message is still readable after it was received."""
    ours, theirs = pair()
    inbox = Inbox(theirs)
    with ours, theirs:
        send(ours, Fork(1))
        send(ours, Fork(2))
        assert await asyncio.to_thread(inbox.receive) == Fork(1)
        assert await asyncio.to_thread(inbox.receive) == Fork(2)
        ours.close()
        assert inbox.receive() is None


def test_descriptors_ride_along() -> None:
    """The receiver gets descriptors of its own for the same open files."""
    ours, theirs = pair()
    read, write = os.pipe()
    inbox = Inbox(theirs)
    with ours, theirs:
        send(ours, Listen(("a",)), [write])
        assert inbox.receive() == Listen(("a",))
        (fd,) = inbox.fds
        assert fd != write
        os.write(fd, b"x")
        assert os.read(read, 1) == b"x"
    for number in (fd, read, write):
        os.close(number)


@pytest.mark.parametrize("cut", [1, 3, 4, 5])
def test_half_a_message_is_the_end(cut: int) -> None:
    """A sender that dies within a message is gone, and no error is raised."""
    ours, theirs = pair()
    with theirs:
        with ours:
            ours.send(b"\x00\x00\x00\x05abcde"[:cut])
        assert Inbox(theirs).receive() is None
