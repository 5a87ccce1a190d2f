"""The option events."""

from __future__ import annotations

from typing import Self

import pytest

from snake.adapter.adapt import adapt
from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.config.document import encode
from snake.core.modules import Module, Registry
from snake.standard import catalogue
from tests.options.adapted import document, refusal


class Tell(Module):
    """An event handler, as a plugin could have it."""

    id = "events.handlers.tell"

    whom: str = ""

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `tell <whom>`."""
        del guests
        return cls(whom=line.texts[0])


def test_subscriptions_are_written_in_turn() -> None:
    """Each line is one; `*` is every event, which JSON has as an empty name."""
    words = catalogue()
    registry = Registry({"events.handlers.tell": f"{__name__}:Tell"})
    plugged = type(words)(words.directives, words.matchers, words.options, Guests(registry))

    text = "{\nevents {\non cert_obtained tell a\non * tell b\n}\n}\n"
    adapted, _ = adapt(text, "Caddyfile", plugged)

    assert encode(adapted).decode() == (
        '{"apps":{"events":{"subscriptions":['
        '{"events":["cert_obtained"],"handlers":[{"handler":"tell","whom":"a"}]},'
        '{"events":[""],"handlers":[{"handler":"tell","whom":"b"}]}]}}}'
    )


def test_app_is_there_without_subscriptions() -> None:
    """The option alone makes an empty app; nobody reads a block behind an argument."""
    assert document("events", "") == {"apps": {"events": {}}}
    assert document("events x {\ny\n}", "") == {"apps": {"events": {}}}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("events {\non\n}", "on takes an event and a handler"),
        ("events {\non a\n}", "on takes the name of a module"),
        ("events {\non a exec\n}", "module not registered: events.handlers.exec"),
        ("events {\nat a exec\n}", "events: unrecognized subdirective: at"),
    ],
)
def test_wrong_subscription_is_refused(options: str, message: str) -> None:
    """What cannot be says what was expected."""
    assert message in refusal(options)
