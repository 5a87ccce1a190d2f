"""proxy.selection: which backend each policy chooses."""

from __future__ import annotations

from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest

from snake.core.errors import ConfigError
from snake.core.modules import Context, Registry
from snake.proxy.backend import Backend, Backends, Hosts
from snake.proxy.policies import load_policy
from snake.proxy.selection import Select
from snake.standard import MODULES
from tests.proxy.outgoing import outgoing


async def policy(name: str, **fields: Any) -> Select:
    """Provision a policy from its JSON."""
    async with AsyncExitStack() as stack:
        ctx = Context(Registry(MODULES), stack)
        return await load_policy(ctx, msgspec.Raw(msgspec.json.encode({"policy": name} | fields)))


@pytest.fixture
def pool() -> list[Backend]:
    """Four backends."""
    backends = Backends(Hosts())
    return [backends.make(f"127.0.0.1:900{number}") for number in range(4)]


def chosen(
    select: Select, pool: list[Backend], times: int = 400, **request: Any
) -> Counter[int | None]:
    """Return how often each backend was chosen, by its place."""
    found = (select(pool, outgoing(**request)) for _ in range(times))
    return Counter(pool.index(each) if each else None for each in found)


def give(backend: Backend, requests: int) -> None:
    """Have a backend answer so many requests."""
    for _ in range(requests):
        backend.host.begin()


NAMES = [
    ("random", {}),
    ("random_choose", {"choose": 2}),
    ("least_conn", {}),
    ("round_robin", {}),
    ("weighted_round_robin", {"weights": [3, 1, 2, 1]}),
    ("first", {}),
    ("ip_hash", {}),
    ("client_ip_hash", {}),
    ("uri_hash", {}),
    ("query", {"key": "k"}),
    ("header", {"field": "X-A"}),
    ("cookie", {}),
]


@pytest.mark.parametrize(("name", "fields"), NAMES, ids=[name for name, _ in NAMES])
async def test_unavailable_ones_are_not_chosen(
    name: str, fields: dict[str, Any], pool: list[Backend]
) -> None:
    """Whatever the policy, only what is available is chosen, and nothing when nothing is."""
    select = await policy(name, **fields)
    request: dict[str, Any] = {"target": "/?k=1", "fields": {"X-A": "1"}}
    pool[0].unhealthy = pool[1].unhealthy = pool[2].unhealthy = True

    assert chosen(select, pool, 20, **request) == {3: 20}

    pool[3].unhealthy = True

    assert chosen(select, pool, 20, **request) == {None: 20}
    assert select([], outgoing(**request)) is None


@pytest.mark.parametrize("name", ["random", "random_choose", "least_conn"])
async def test_idle_backends_are_chosen_equally(name: str, pool: list[Backend]) -> None:
    """Backends that differ in nothing each get about their share."""
    counts = chosen(await policy(name), pool, 2000)

    assert set(counts) == {0, 1, 2, 3}
    assert min(counts.values()) > 350


async def test_random_is_equal_among_those_that_are_left(pool: list[Backend]) -> None:
    """The share of one that is not available goes to all others."""
    pool[1].unhealthy = True

    counts = chosen(await policy("random"), pool, 3000)

    assert set(counts) == {0, 2, 3}
    assert min(counts.values()) > 850


async def test_the_least_busy_is_chosen(pool: list[Backend]) -> None:
    """least_conn looks at all of them."""
    for backend, requests in zip(pool, (3, 1, 2, 1), strict=True):
        give(backend, requests)

    assert set(chosen(await policy("least_conn"), pool)) == {1, 3}


async def test_the_less_busy_of_two_is_chosen(pool: list[Backend]) -> None:
    """random_choose never takes the busiest one."""
    for backend, requests in zip(pool, (9, 1, 2, 3), strict=True):
        give(backend, requests)
    counts = chosen(await policy("random_choose"), pool, 2000)

    assert set(counts) == {1, 2, 3}
    assert counts[1] > counts[2] > counts[3]


async def test_turns_begin_with_the_second(pool: list[Backend]) -> None:
    """round_robin takes one after the other, the second first, as Caddy."""
    select = await policy("round_robin")

    assert [pool.index(select(pool, outgoing()) or pool[0]) for _ in range(6)] == [1, 2, 3, 0, 1, 2]


async def test_weights_are_shares(pool: list[Backend]) -> None:
    """weighted_round_robin gives each what its weight says, and nothing to weight 0."""
    select = await policy("weighted_round_robin", weights=[3, 0, 2, 1])

    assert [pool.index(select(pool, outgoing()) or pool[1]) for _ in range(7)] == [
        *(0, 0, 2, 2, 3, 0),
        0,
    ]


async def test_one_weight_is_the_first_backend(pool: list[Backend]) -> None:
    """With a single weight, the first backend gets all, as in Caddy."""
    assert chosen(await policy("weighted_round_robin", weights=[7]), pool, 9) == {0: 9}


async def test_weights_may_be_huge(pool: list[Backend]) -> None:
    """A weight costs no memory."""
    select = await policy("weighted_round_robin", weights=[2**31, 1, 1, 1])

    assert chosen(select, pool, 50) == {0: 50}


def test_full_ones_are_not_available() -> None:
    """A backend gets no more than `max_requests` at a time, nor after `max_fails` failures."""
    own = Backends(Hosts(), max_requests=2).make_lasting("a:80", 5)
    assert own.max_requests == 5

    def is_available(requests: int, fails: int) -> bool:
        backend = Backends(Hosts(), max_requests=2, max_fails=3).make("a:80")
        give(backend, requests)
        for _ in range(fails):
            backend.host.fail()
        return backend.available

    assert is_available(1, 2)
    assert not is_available(2, 0)
    assert not is_available(0, 3)


async def test_the_same_text_is_the_same_backend(pool: list[Backend]) -> None:
    """A backend that goes takes only its own texts with it."""
    select = await policy("uri_hash")
    before = {n: select(pool, outgoing(f"/{n}")) for n in range(200)}
    assert set(before.values()) == set(pool)

    pool[2].unhealthy = True
    after = {n: select(pool, outgoing(f"/{n}")) for n in range(200)}

    assert all(after[n] is before[n] for n in before if before[n] is not pool[2])
    assert set(after.values()) == {pool[0], pool[1], pool[3]}


async def test_the_fallback_chooses_without_a_text(pool: list[Backend]) -> None:
    """Header and query fall back when the request has none or an empty one."""
    first = {"policy": "first"}
    for select in (
        await policy("header", field="X-A", fallback=first),
        await policy("query", key="k", fallback=first),
    ):
        assert chosen(select, pool, 9) == {0: 9}
        assert chosen(select, pool, 9, target="/?k=", fields={"X-A": ""}) == {0: 9}
        others = {
            pool.index(backend)
            for n in range(50)
            if (backend := select(pool, outgoing(f"/?k={n}", {"X-A": str(n)})))
        }
        assert others == {0, 1, 2, 3}


async def test_host_has_its_name_as_caddy_writes_it(pool: list[Backend]) -> None:
    """`header Host` hashes the Host; in lower case it is no header, as in Go."""
    first = {"policy": "first"}
    right = await policy("header", field="Host", fallback=first)
    wrong = await policy("header", field="host", fallback=first)
    names = [{"host": f"{n}.example.com"} for n in range(50)]

    assert len({right(pool, outgoing(fields=fields)) for fields in names}) == 4
    assert {wrong(pool, outgoing(fields=fields)) for fields in names} == {pool[0]}


@pytest.mark.parametrize(
    ("name", "fields", "path", "message"),
    [
        ("random_choose", {"choose": 1}, "choose", "choose must be at least 2"),
        ("weighted_round_robin", {}, "weights", "requires at least one upstream with a positive"),
        ("weighted_round_robin", {"weights": [0, 0]}, "weights", "with a positive weight"),
        ("weighted_round_robin", {"weights": [2, -1]}, "weights/1", "cannot be negative"),
        ("query", {}, "key", "query key is required"),
        ("header", {}, "field", "header field is required"),
        ("header", {"field": "A", "fallback": {"policy": "query"}}, "fallback/key", "query key"),
    ],
)
async def test_mistakes_are_told(
    name: str, fields: dict[str, Any], path: str, message: str
) -> None:
    """What cannot choose is refused with its place."""
    with pytest.raises(ConfigError, match=message) as caught:
        await policy(name, **fields)

    assert caught.value.path == path
