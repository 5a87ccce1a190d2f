"""Selection: the algorithms that choose one of several backends for a request.

Each is a function of the backends and the request as it is to be sent; `None`
when none is available. All see the same order of backends, that of the config.

Source: Caddy's `selectionpolicies.go`.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Sequence
from itertools import accumulate
from random import random as fraction
from random import sample

from snake.http.parameters import parse_query
from snake.proxy.backend import Backend
from snake.proxy.contract import Outgoing

Select = Callable[[Sequence[Backend], Outgoing], Backend | None]


def random(pool: Sequence[Backend], outgoing: Outgoing) -> Backend | None:
    """Choose any that is available, each as probable as the others."""
    del outgoing
    if not pool:
        return None
    chosen = pool[int(fraction() * len(pool))]  # noqa: S311  (no secret)
    return chosen if chosen.available else _any([each for each in pool if each.available])


def first(pool: Sequence[Backend], outgoing: Outgoing) -> Backend | None:
    """Choose the first that is available."""
    del outgoing
    return next((each for each in pool if each.available), None)


def least_conn(pool: Sequence[Backend], outgoing: Outgoing) -> Backend | None:
    """Choose one that is answering the fewest requests."""
    del outgoing
    return _least([each for each in pool if each.available])


def random_choose(count: int) -> Select:
    """Choose `count` of them at random, and of these one that is answering the fewest requests."""

    def select(pool: Sequence[Backend], outgoing: Outgoing) -> Backend | None:
        del outgoing
        available = [each for each in pool if each.available]
        return _least(sample(available, min(count, len(available))))

    return select


def round_robin() -> Select:
    """Choose one after the other; the second is the first, as in Caddy."""
    turn = 0

    def select(pool: Sequence[Backend], outgoing: Outgoing) -> Backend | None:
        nonlocal turn
        del outgoing
        for _ in pool:
            turn += 1
            backend = pool[turn % len(pool)]
            if backend.available:
                return backend
        return None

    return select


def weighted_round_robin(weights: Sequence[int]) -> Select:
    """Choose one after the other, each as often as its weight says; one without a weight never.

    With one weight alone, it is always the first backend, available or not, as in
    Caddy. While one of them is not available, its turns go to the others in order.
    """
    sums = list(accumulate(filter(None, weights)))
    turn = 0

    def select(pool: Sequence[Backend], outgoing: Outgoing) -> Backend | None:
        nonlocal turn
        del outgoing
        if len(weights) == 1:
            return pool[0] if pool else None
        turn = (turn + 1) % sums[-1]
        weighted = [each for each, weight in zip(pool, weights, strict=False) if weight]
        available = [each for each in weighted if each.available]
        return available[bisect(sums, turn) % len(available)] if available else None

    return select


def hashed(key: Callable[[Outgoing], str | None], otherwise: Select | None = None) -> Select:
    """Choose by a text, the same backend for the same text; by `otherwise` when there is none.

    When a backend goes or comes, only its own texts move (rendezvous hashing, with
    xxHash as in Caddy, so that both choose the same).
    """
    from xxhash import xxh64_intdigest  # noqa: PLC0415  (few configs need it)

    def select(pool: Sequence[Backend], outgoing: Outgoing) -> Backend | None:
        text = key(outgoing)
        if text is None or (not text and otherwise):
            return otherwise(pool, outgoing) if otherwise else None
        data = text.encode("utf-8", "surrogateescape")
        available = [each for each in pool if each.available]
        return max(
            available,
            key=lambda each: xxh64_intdigest(each.dial.encode("utf-8", "surrogateescape") + data),
            default=None,
        )

    return select


def peer_address(outgoing: Outgoing) -> str:
    """Return the IP address that the request came from; `@` for a Unix socket."""
    client = outgoing.request.scope.get("client")
    return client[0] if client and client[0] else "@"


def client_address(outgoing: Outgoing) -> str:
    """Return the IP address of the client, as far as proxies that are trusted tell it."""
    return outgoing.request.client_ip


def target(outgoing: Outgoing) -> str:
    """Return the path and the query, as they are sent."""
    return outgoing.target.decode("utf-8", "surrogateescape")


def query_value(key: str) -> Callable[[Outgoing], str]:
    """Return what gives the values of a parameter of the query."""

    def value(outgoing: Outgoing) -> str:
        query = target(outgoing).partition("?")[2]
        return ",".join(parse_query(query).get(key, ())) if query else ""

    return value


def header_value(field: str) -> Callable[[Outgoing], str]:
    """Return what gives the first value of a header field; Host is known as `Host` alone."""
    name = field.lower().encode("latin-1", "replace")
    if name == b"host" and field != "Host":
        return lambda _: ""
    return lambda outgoing: next(
        (
            value.decode("utf-8", "surrogateescape")
            for given, value in outgoing.fields
            if given == name
        ),
        "",
    )


def _any(backends: Sequence[Backend]) -> Backend | None:
    return backends[int(fraction() * len(backends))] if backends else None  # noqa: S311


def _least(backends: Sequence[Backend]) -> Backend | None:
    if not backends:
        return None
    fewest = min(each.host.requests for each in backends)
    return _any([each for each in backends if each.host.requests == fewest])


PLAIN: dict[str, Callable[[], Select]] = {
    "random": lambda: random,
    "first": lambda: first,
    "least_conn": lambda: least_conn,
    "round_robin": round_robin,
    "ip_hash": lambda: hashed(peer_address),
    "client_ip_hash": lambda: hashed(client_address),
    "uri_hash": lambda: hashed(target),
}
"""What makes the policies that are known by their name alone."""
