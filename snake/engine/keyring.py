"""Keyring: the ring of one of a worker's event loops, kept up by the supervisor."""

from __future__ import annotations

from snake.fork.asking import Asking
from snake.fork.channel import Found, Keys, Message, Seek
from snake.tls import ring
from snake.tls.ring import Ring, Update, decode, encode


def keyring(keys: str, asking: Asking) -> Ring:
    """Return a ring with these certificates, `Update` as JSON, that asks for what may come."""
    made = Ring(lambda kind, name, who: asking.tell(Seek(kind, name, encode(who))))
    if keys:
        made.update(decode(keys, Update))

    def hear(message: Message) -> None:
        if isinstance(message, Keys):
            made.update(decode(message.update, Update))
        elif isinstance(message, Found):
            made.answer(message.kind, message.name, decode(message.found, ring.Found))

    asking.listen(hear)
    return made
