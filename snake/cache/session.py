"""Session: the connection of one client of the cache.

It answers one request after another. A client that sends much or reads nothing is
stopped: what it may have in memory is bounded, and so is for how long. After `TURN`
requests others have theirs.
"""

from __future__ import annotations

import asyncio
import select
from typing import Protocol

from snake.cache.budget import Account
from snake.cache.limits import STRANGER, Limits
from snake.cache.namespace import Namespace
from snake.cache.resp import ProtocolError, Refused, ReplyError, Requests, encode
from snake.cache.talk import TOO_MANY, Talk

TURN = 64
"""Requests of one client after which others have their turn."""
TURN_SECONDS = 0.005
"""Seconds after which they have it, too."""
TOO_MUCH = ReplyError("ERR too much of what was sent or asked for waits to be read")


class House(Protocol):
    """The server, as a session needs it."""

    limits: Limits
    strangers: Account
    """The connections of those who have not said a token."""
    stranger_buffers: Account

    def enter(self, token: str) -> Namespace | None:
        """Return the namespace of a token."""

    def forget(self, session: Session) -> None:
        """Let go of a session that has ended."""


class Session(asyncio.Protocol):
    """One connection, from its beginning to its end."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._limits = house.limits
        self._loop = asyncio.get_running_loop()
        self._talk = Talk(self, house.enter)
        self._requests = Requests(STRANGER)
        self._transport: asyncio.Transport | None = None
        self._fd = -1
        self._stranger = True
        self._began = self._loop.time()
        self._waited: float | None = None
        """Since when a request has begun that is not whole."""
        self._full: float | None = None
        """Since when the client has too much to read."""
        self._owed = 0
        """What the buffers' budget has given."""
        self._turning = False
        self._reading = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, if there is room."""
        self._transport = transport
        self._fd = transport.get_extra_info("socket").fileno()
        transport.set_write_buffer_limits(high=self._limits.small)
        if not self._house.strangers.take(1):
            self._stranger = False
            self._leave(TOO_MANY)

    def connection_lost(self, error: Exception | None) -> None:
        """Give back all that it had."""
        del error
        self._talk.close()
        self._owe(0)
        if self._stranger:
            self._house.strangers.take(-1)
        elif self._talk.namespace is not None:
            self._talk.namespace.connections.take(-1)
        self._transport = None
        self._house.forget(self)

    def data_received(self, data: bytes) -> None:
        """Take what the client says."""
        self._requests.feed(data)
        if not self._turning:
            self._turn()

    def pause_writing(self) -> None:
        """Answer nothing more until the client has read some."""
        self._full = self._loop.time()

    def resume_writing(self) -> None:
        """Go on."""
        self._full = None
        self.go_on()

    def overdue(self, now: float) -> bool:
        """Return whether the client has taken longer than it may for what it has to do."""
        if self._stranger:
            return now - self._began > self._limits.greeting
        since = [since for since in (self._waited, self._full) if since is not None]
        return bool(since) and now - min(since) > self._limits.patience

    def abort(self) -> None:
        """End it now."""
        if self._transport is not None:
            self._transport.abort()

    def alive(self) -> bool:
        """Return whether the other end is open, though the loop may not have heard of its end."""
        if self._transport is None or self._transport.is_closing():
            return False
        poll = select.poll()
        poll.register(self._fd, getattr(select, "POLLRDHUP", 0))
        return not poll.poll(0)

    def send(self, data: bytes) -> None:
        """Send a message, or what was waited for. A client too far behind is cut off."""
        if self._transport is None or self._transport.is_closing():
            return
        behind = self._transport.get_write_buffer_size() + len(data)
        if behind > self._limits.backlog or not self._owe(behind + self._requests.held):
            self._transport.abort()
            return
        self._transport.write(data)
        self._owe(self._transport.get_write_buffer_size() + self._requests.held)

    def go_on(self) -> None:
        """Have a turn soon."""
        if not self._turning:
            self._turning = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Answer requests until there is none, or it is the turn of others."""
        self._turning = False
        until = self._loop.time() + TURN_SECONDS
        answers: list[bytes] = []
        try:
            for _ in range(TURN):
                if self._stopped or (answer := self._next()) is None:
                    break
                answers.append(answer)
                if len(answer) > self._limits.small or self._loop.time() > until:
                    self.go_on()
                    break
            else:
                self.go_on()
        except ProtocolError as error:
            answers.append(encode(ReplyError(f"ERR Protocol error: {error}")))
            self._talk.closing = True
        self._answer(b"".join(answers))

    @property
    def _stopped(self) -> bool:
        """Whether the client's next request is not its turn."""
        gone = self._transport is None or self._transport.is_closing()
        waiting = self._talk.waiter is not None or self._full is not None
        return gone or waiting or self._talk.closing

    def _next(self) -> bytes | None:
        """Return the answer to the next request; nothing if that has not come."""
        request = self._requests.next()
        if request is None:
            if not self._requests.pending:
                self._waited = None
            elif self._waited is None:
                self._waited = self._loop.time()
            return None
        self._waited = None
        if isinstance(request, Refused):
            return encode(ReplyError(request.why))
        answer = self._talk.answer(request)
        if self._stranger and self._talk.namespace is not None:
            self._owe(0)
            self._stranger = False
            self._house.strangers.take(-1)
            self._requests.limits = self._limits
        return answer

    def _answer(self, data: bytes) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        held = self._requests.held
        if not self._owe(held + transport.get_write_buffer_size() + len(data)):
            self._leave(TOO_MUCH)
            return
        if data:
            transport.write(data)
        if self._talk.closing:
            self._close(transport)
        else:
            self._read(on=held <= self._limits.small or not (self._stopped or self._turning))
        self._owe(held + transport.get_write_buffer_size())

    def _read(self, *, on: bool) -> None:
        """Go on to read what the client sends, or stop until it has had its answers."""
        if self._transport is None or on == self._reading:
            return
        self._reading = on
        if on:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _leave(self, error: ReplyError) -> None:
        """Say why, and go."""
        if self._transport is not None:
            self._transport.write(encode(error))
            self._close(self._transport)

    def _close(self, transport: asyncio.Transport) -> None:
        """Go when the client has read everything, or has not in time."""
        self._waited = self._loop.time()
        transport.close()

    def _owe(self, held: int) -> bool:
        """Take from the budget what is held beyond the part that each has; give back the rest."""
        amount = max(held - self._limits.small, 0)
        if amount == self._owed:
            return True
        namespace = None if self._stranger else self._talk.namespace
        account = self._house.stranger_buffers if namespace is None else namespace.buffers
        if not account.take(amount - self._owed):
            return False
        self._owed = amount
        return True
