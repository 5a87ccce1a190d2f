"""A wall of notes that all workers share: kept for a day, pages made once, readers told at once."""

import json
import os
from urllib.parse import parse_qs

from snake import cache

NOTES = "notes"
SHOWN = 100
DAY = 24 * 3600
A_MINUTE = 10


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    do = ROUTES.get((scope["method"], scope["path"]))
    if do is None:
        await answer(send, 404, {"error": "there is no such page"})
    else:
        await do(scope, receive, send)


async def show(scope, receive, send):
    """The page, made at most once a second however many ask."""
    page = await cache.aget("page")
    if page is None:
        notes = await cache.alrange(NOTES, -SHOWN)
        page = json.dumps({"notes": [note.decode() for note in notes], "made_by": os.getpid()})
        await cache.aset("page", page, ttl=1)
    await answer(send, 200, json.loads(page))


async def add(scope, receive, send):
    """A note of the body; a client may add ten in a minute."""
    client = scope["client"][0]
    first = await cache.asetnx(f"limit:{client}", 0, ttl=60)
    if not first and await cache.aincr(f"limit:{client}") >= A_MINUTE:
        await answer(send, 429, {"error": "ten notes a minute are enough"})
        return
    text = (await body(receive)).decode("utf-8", "replace")
    count = await cache.arpush(NOTES, text)
    await cache.aexpire(NOTES, DAY)
    await cache.adelete("page")
    readers = await cache.apublish("news", text)
    await answer(send, 201, {"notes": count, "readers": readers})


async def news(scope, receive, send):
    """Server-sent events: each note when it is added, by whichever worker."""
    async with cache.asubscribe("news") as messages:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b": hello\n\n", "more_body": True})
        async for message in messages:
            event = b"data: " + json.dumps(message.decode()).encode() + b"\n\n"
            await send({"type": "http.response.body", "body": event, "more_body": True})


async def work(scope, receive, send):
    """Take a job of the queue, and wait for one as long as ?wait says."""
    query = parse_qs(scope["query_string"].decode())
    job = await cache.alpop("jobs", timeout=float(query.get("wait", ["0"])[0]))
    await answer(send, 200, {"job": job and job.decode(), "by": os.getpid()})


async def order(scope, receive, send):
    """Put a job into the queue."""
    await answer(send, 202, {"waiting": await cache.arpush("jobs", await body(receive))})


ROUTES = {
    ("GET", "/"): show,
    ("POST", "/"): add,
    ("GET", "/news"): news,
    ("GET", "/work"): work,
    ("POST", "/work"): order,
}


async def body(receive):
    data, more = b"", True
    while more:
        message = await receive()
        data += message.get("body", b"")
        more = message.get("more_body", False)
    return data


async def answer(send, status, value):
    data = json.dumps(value).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(data))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})
