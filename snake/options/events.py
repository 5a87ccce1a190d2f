"""events: what to do when something happens.

Syntax::

    events {
        on <event> <handler> [<options...>]
    }

The event `*` is every one. snake has no event handlers of its own; they come with plugins.
"""

from __future__ import annotations

from snake.caddyfile.words import subdirectives
from snake.config.events import EventsApp, Subscription
from snake.plugin import Guests, Option, Segment

_EVERY = "*"


def _parse(line: Segment, earlier: object, guests: Guests) -> EventsApp:
    del earlier
    subscriptions: list[Subscription] = []
    for sub in subdirectives(line, ("on",)) if not line.args else ():
        event = sub.take("an event and a handler").text
        handler = guests.json(sub.guest(), "events.handlers", "handler")
        events = ("" if event == _EVERY else event,)
        subscriptions.append(Subscription(events=events, handlers=(handler,)))
    return EventsApp(tuple(subscriptions))


events = Option("events", _parse)
