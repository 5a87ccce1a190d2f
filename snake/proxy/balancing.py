"""Load balancing: which upstream gets a request, and what happens when it fails."""

from __future__ import annotations

from typing import Annotated

import msgspec

from snake.caddyfile.fields import Fields, Reader, Table, number, time
from snake.caddyfile.guests import Guests
from snake.caddyfile.words import Words
from snake.config.struct import Config, Duration
from snake.core.namespace import In
from snake.proxy.policies import POLICIES, Policy


class LoadBalancing(Config):
    """The choice of an upstream, and further attempts."""

    selection_policy: Policy = None
    retries: int = 0
    try_duration: Duration = 0
    try_interval: Duration = 0
    retry_match: tuple[dict[str, Annotated[msgspec.Raw, In("http.matchers")]], ...] = ()


BALANCING = "load_balancing"

BALANCING_TABLE: Table = {
    "lb_retries": (f"{BALANCING}/retries", number),
    "lb_try_duration": (f"{BALANCING}/try_duration", time),
    "lb_try_interval": (f"{BALANCING}/try_interval", time),
}


def policy_reader(fields: Fields, guests: Guests) -> Reader:
    """Return what reads `lb_policy`."""

    def policy(words: Words) -> None:
        line = words.guest()
        if fields.get(f"{BALANCING}/selection_policy") is not None:
            line.words[0].fail("load balancing selection policy already specified")
        raw = guests.json(line, POLICIES, "policy")
        fields.set(f"{BALANCING}/selection_policy", raw)

    return policy
