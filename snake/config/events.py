"""`apps.events`: what runs when something happens.

Source: https://caddyserver.com/docs/json/apps/events/.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from snake.config.struct import Config
from snake.core.namespace import In


class Subscription(Config):
    """The handlers of some events; those of some modules only, if any are named."""

    events: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    handlers: tuple[Annotated[msgspec.Raw, In("events.handlers", "handler")], ...] = ()


class EventsApp(Config):
    """The `events` app."""

    subscriptions: tuple[Subscription, ...] = ()
