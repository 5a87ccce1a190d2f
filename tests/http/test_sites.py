"""What is counted of each site."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from snake.config.http import Route, Server
from snake.http.errors import AbortError
from snake.http.handler import Send
from snake.http.request import Request
from snake.http.sites import Sites, site_names
from snake.metrics.figures import Figures
from snake.metrics.report import Site
from snake.metrics.series import sites_of
from tests.site import site


def route(*hosts: str, **more: Any) -> dict[str, Any]:
    """Return a route for these hosts, which answers."""
    matchers = {"host": list(hosts)} if hosts else {}
    return {"match": [matchers | more], "handle": [{"handler": "static_response"}]}


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        ([], [":80, :81"]),
        (
            [route("b.test", "A.test"), route("*.c.test", path=["/x"])],
            ["b.test, A.test", "*.c.test"],
        ),
        ([route("a.test"), route(path=["/x"]), route("a.test", path=["/y"])], ["a.test"]),
        ([route(*(f"h{n}.test" for n in range(500)))], ["h0.test, h1.test and 498 more"]),
        ([{"match": [{"host": ["a.test"]}, {"path": ["/x"]}]}], []),
        ([{"match": [{"host": 1}]}], []),
    ],
    ids=["none", "hosts", "the same hosts", "many hosts", "or any host", "no hosts"],
)
def test_names(routes: list[dict[str, Any]], expected: list[str]) -> None:
    """A site is the routes with the same hosts; all else is that of the server's addresses."""
    found = msgspec.json.decode(msgspec.json.encode(routes), type=tuple[Route, ...])
    names = site_names(Server(listen=(":80", ":81"), routes=found))

    assert names == (expected if not routes else [":80, :81", *expected])


def counted(figures: Figures, *names: str) -> list[Site]:
    """Return what was counted of sites of the only server."""
    return list(sites_of(figures.total(), {"srv0": names}))


SITES = """
http://a.test, http://*.b.test {
	handle /e* {
		error 404
	}
	handle /a {
		abort
	}
	respond /p {path}
	handle {
		respond hello
	}
}
http:// {
	redir /r /there
}
"""


async def test_requests_are_counted() -> None:
    """Each request counts once, for its site, by the class of its status."""
    figures = Figures()
    async with site(SITES, {Figures: figures}) as s:
        for host, target in (
            *(("a.test", "/"), ("x.b.test", "/p"), ("A.test", "/e"), ("c.test", "/r")),
            *(("d.test", "/"), ("evil.test", "/r")),
        ):
            await s.get(target, host=host)
        with pytest.raises(AbortError):
            await s.get("/a", host="a.test")
        named, others = counted(figures, "a.test, *.b.test", ":80")
        keys = [key for key in figures.total() if key[0] == "site"]

    assert (named.requests, named.in_flight) == (4, 0)
    assert named.statuses == {"none": 1, "2xx": 2, "4xx": 1}
    assert named.duration.count == sum(named.duration.buckets) == 4
    assert 0 < named.duration.sum < 5
    assert others.statuses == {"2xx": 1, "3xx": 2}
    assert len(keys) == 2


async def test_requests_in_flight() -> None:
    """A request is in flight as long as it is answered, and what is cancelled is over."""
    figures = Figures()
    async with site(":80 {\nmetrics\n}", {Figures: figures}) as s:
        waiting = asyncio.create_task(s.get())
        await asyncio.sleep(0)
        (during,) = counted(figures, ":80")
        await waiting
        (after,) = counted(figures, ":80")
        cut = asyncio.create_task(s.get())
        await asyncio.sleep(0)
        cut.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cut
        (cancelled,) = counted(figures, ":80")

    assert (during.in_flight, during.requests) == (1, 0)
    assert (after.in_flight, after.statuses) == (0, {"2xx": 1})
    assert (cancelled.in_flight, cancelled.statuses) == (0, {"2xx": 1, "none": 1})


@pytest.mark.parametrize(
    ("message", "statuses", "timed"),
    [
        ({"type": "websocket.accept"}, {"1xx": 1}, 0),
        ({"type": "http.response.start", "status": 403}, {"4xx": 1}, 1),
        ({"type": "websocket.close"}, {"none": 1}, 1),
    ],
    ids=["accepted", "refused", "closed"],
)
async def test_websockets(message: Any, statuses: dict[str, int], timed: int) -> None:
    """One counts by its answer; for how long it was open says nothing of how fast that was."""
    figures = Figures()

    async def send(_: Any) -> None:
        pass

    async def run(_: Request, send: Send) -> None:
        await send(message)

    counting = Sites(figures, "srv0", Server(listen=(":80",))).counting(run)
    await counting(Request({"type": "websocket"}, _never), send)
    (found,) = counted(figures, ":80")

    assert (found.statuses, found.duration.count) == (statuses, timed)


async def _never() -> Any:
    raise AssertionError
