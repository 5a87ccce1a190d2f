"""The states of a generation and of a worker, as tables: what is not written here cannot happen.

::

    generation  IDLE ─load─▶ PROVISIONING ─ready─▶ RUNNING ─drain─▶ DRAINING ─gone─▶ STOPPED
                                  └──────────────fail, stop from anywhere───────────────▶┘

    worker      IDLE ─load─▶ PROVISIONING ─ready─▶ RUNNING ─drain─▶ DRAINING ─gone─▶ STOPPED
                                  └─────gone─────────┴──gone──▶ IDLE, to be started again

A generation that stops never runs again: a new configuration is a new
generation. A worker's place is filled again as long as its generation runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto


class State(Enum):
    """Where a generation, or the place of a worker in one, stands."""

    IDLE = auto()
    PROVISIONING = auto()
    RUNNING = auto()
    DRAINING = auto()
    STOPPED = auto()


class Event(Enum):
    """What moves it on."""

    LOAD = auto()
    READY = auto()
    DRAIN = auto()
    GONE = auto()
    STOP = auto()


Table = Mapping[tuple[State, Event], State]

GENERATION: Table = {
    (State.IDLE, Event.LOAD): State.PROVISIONING,
    (State.IDLE, Event.STOP): State.STOPPED,
    (State.PROVISIONING, Event.READY): State.RUNNING,
    (State.PROVISIONING, Event.STOP): State.STOPPED,
    (State.RUNNING, Event.DRAIN): State.DRAINING,
    (State.RUNNING, Event.STOP): State.STOPPED,
    (State.DRAINING, Event.GONE): State.STOPPED,
    (State.DRAINING, Event.STOP): State.STOPPED,
    (State.STOPPED, Event.STOP): State.STOPPED,
}

WORKER: Table = {
    (State.IDLE, Event.LOAD): State.PROVISIONING,
    (State.IDLE, Event.DRAIN): State.STOPPED,
    (State.IDLE, Event.STOP): State.STOPPED,
    (State.PROVISIONING, Event.READY): State.RUNNING,
    (State.PROVISIONING, Event.GONE): State.IDLE,
    (State.PROVISIONING, Event.DRAIN): State.STOPPED,
    (State.PROVISIONING, Event.STOP): State.STOPPED,
    (State.RUNNING, Event.GONE): State.IDLE,
    (State.RUNNING, Event.DRAIN): State.DRAINING,
    (State.RUNNING, Event.STOP): State.STOPPED,
    (State.DRAINING, Event.GONE): State.STOPPED,
    (State.DRAINING, Event.STOP): State.STOPPED,
    (State.STOPPED, Event.GONE): State.STOPPED,
    (State.STOPPED, Event.DRAIN): State.STOPPED,
    (State.STOPPED, Event.STOP): State.STOPPED,
}


class ForbiddenError(Exception):
    """An event that the table does not know in this state: a bug in snake."""


def after(table: Table, state: State, event: Event) -> State:
    """Return the state that follows. Raises `ForbiddenError`."""
    try:
        return table[state, event]
    except KeyError:
        raise ForbiddenError(f"{event.name} in {state.name}") from None
