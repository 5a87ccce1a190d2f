"""Hashing policies beside Caddy: of many upstreams, the same one is chosen for the same text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.differential.pair import Pair, ask, pair
from tests.differential.upstream import upstream

COUNT = 7
TEXTS = [str(number) for number in range(40)]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Serve a path for each policy, with both."""
    with ExitStack() as stack:
        names = [str(number) for number in range(2, COUNT + 2)]
        ports = [stack.enter_context(upstream(name)) for name in names]
        upstreams = " ".join(f"127.0.0.1:{port}" for port in ports)
        policies = ["uri_hash", "query k", "header X-Text", "cookie lb secret"]
        proxies = [
            f"\treverse_proxy /size/{policy.split(' ')[0]} {upstreams} {{\n"
            f"\t\tlb_policy {policy}\n\t}}\n"
            for policy in policies
        ]
        site = f"http://:PORT {{\n{''.join(proxies)}}}\n"
        folder: Path = tmp_path_factory.mktemp("hashing")
        yield stack.enter_context(pair(site, folder, workers=1))


def chosen(port: int, policy: str) -> list[str]:
    """Return which upstream gets each text."""
    found = []
    for text in TEXTS:
        reply = ask(port, "GET", f"/size/{policy}?n=1&k={text}", [("X-Text", text)])
        found.append(dict(reply.fields)["x-upstream"])
    return found


@pytest.mark.parametrize("policy", ["uri_hash", "query", "header"])
def test_texts_are_where_caddy_has_them(policy: str, servers: Pair) -> None:
    """A cluster of both is of one mind, and the texts are spread."""
    snake = chosen(servers.snake, policy)

    assert snake == chosen(servers.caddy, policy)
    assert len(set(snake)) > COUNT // 2


def cookie(fields: Sequence[tuple[str, str]]) -> str:
    """Return the cookie that is set, if there is one."""
    return dict(fields).get("set-cookie", "").partition(";")[0]


def test_cookies_are_good_for_both(servers: Pair) -> None:
    """A client that was given a cookie by one is known to the other."""
    for giver, taker in ((servers.caddy, servers.snake), (servers.snake, servers.caddy)):
        for _ in range(10):
            first = ask(giver, "GET", "/size/cookie?n=1", [])
            again = ask(taker, "GET", "/size/cookie?n=1", [("Cookie", cookie(first.fields))])
            assert cookie(first.fields)
            assert cookie(again.fields) == ""
            assert dict(first.fields)["x-upstream"] == dict(again.fields)["x-upstream"]
