"""Records at Cloudflare, by its API as its documentation states it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from snake.core.errors import ConfigError
from snake.dns.cloudflare import Cloudflare as Module
from snake.dns.cloudflare_api import ENDPOINT, Account
from snake.dns.provider import ProviderError, Record
from tests.dns.cloudflare_server import TOKEN, ZONE_ID, ZONE_TOKEN, Cloudflare
from tests.dns.provisioned import context
from tests.fetch.hostile import api, flood, hostile, status
from tests.options.adapted import document, refusal

ZONE = "a.test."
RECORD = Record("TXT", "_acme-challenge.www", "value")


@asynccontextmanager
async def account(
    played: Cloudflare, token: str = TOKEN, zone_token: str = ""
) -> AsyncIterator[tuple[Account, list[float]]]:
    """Return an account of a server that plays the API, and how long it has waited."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with api(played.answer) as server:
        endpoint = f"{server.url}/client/v4"
        yield Account(token, zone_token, endpoint=endpoint, sleep=sleep), slept


async def test_record_is_added_and_deleted() -> None:
    """A record is added by its whole name, with quotes, and deleted by its ID."""
    played = Cloudflare()
    async with account(played) as (cloudflare, _):
        assert await cloudflare.append_records(ZONE, [RECORD]) == [RECORD]

        [made] = played.records
        assert (made["name"], made["content"], made["ttl"]) == (
            "_acme-challenge.www.a.test",
            '"value"',
            1,
        )
        assert await cloudflare.delete_records(ZONE, [RECORD]) == [RECORD]
    assert played.records == []
    place = f"/client/v4/zones/{ZONE_ID}/dns_records"
    assert played.requests == [
        "GET /client/v4/zones?name=a.test",
        f"POST {place}",
        f"GET {place}?type=TXT&name=_acme-challenge.www.a.test&per_page=100&page=1",
        f"DELETE {place}/{made['id']}",
    ]


async def test_others_of_the_name_stay() -> None:
    """Only the record with the same data is deleted, however it is quoted; none is no error."""
    played = Cloudflare()
    for content in ('"other"', "value", '"value"', '"value2"'):
        played.add("TXT", "_acme-challenge.www.a.test", content)
    async with account(played) as (cloudflare, _):
        assert await cloudflare.delete_records(ZONE, [RECORD]) == [RECORD, RECORD]
        assert await cloudflare.delete_records(ZONE, [RECORD]) == []

    assert [each["content"] for each in played.records] == ['"other"', '"value2"']


async def test_all_pages_are_read() -> None:
    """A record on a later page of the list is found."""
    played = Cloudflare()
    played.per_page = 5
    for number in range(23):
        played.add("TXT", "_acme-challenge.www.a.test", f'"other{number}"')
    played.add("TXT", "_acme-challenge.www.a.test", '"value"')
    async with account(played) as (cloudflare, _):
        await cloudflare.delete_records(ZONE, [RECORD])

    assert len(played.records) == 23
    assert played.requests[-2].endswith("&page=5")


async def test_pages_without_an_end_are_left() -> None:
    """A list that always has one more page is not read for ever."""
    asked = 0

    async def answer(head: str, writer: asyncio.StreamWriter, body: bytes) -> None:
        nonlocal asked
        asked += 1
        del head, body
        found = {"id": ZONE_ID, "name": "a.test", "content": "x"}
        info = {"page": 1, "total_pages": 10**9}
        text = json.dumps({"success": True, "result": [found], "result_info": info}).encode()
        writer.write(status(200, text))

    async with api(answer) as server:
        assert await Account(TOKEN, endpoint=server.url).delete_records(ZONE, [RECORD]) == []

    assert asked == 51


async def test_time_to_live_is_one_that_cloudflare_takes() -> None:
    """A short time to live becomes the shortest that there is; none is Cloudflare's own."""
    played = Cloudflare()
    async with account(played) as (cloudflare, _):
        for ttl in (0, 5, 120, 10**6):
            await cloudflare.append_records(ZONE, [Record("TXT", "x", f"ttl {ttl}", ttl)])

    assert [each["ttl"] for each in played.records] == [1, 60, 120, 86_400]


async def test_record_that_is_there_already() -> None:
    """What was added before, and perhaps cancelled, need not be added again."""
    played = Cloudflare()
    async with account(played) as (cloudflare, _):
        await cloudflare.append_records(ZONE, [RECORD])
        await cloudflare.append_records(ZONE, [RECORD])

    assert len(played.records) == 1


async def test_records_of_other_types() -> None:
    """A CNAME is written without the dot at its end, and found again."""
    played = Cloudflare()
    record = Record("CNAME", "_x", "target.b.test.")
    async with account(played) as (cloudflare, _):
        await cloudflare.append_records(ZONE, [record])
        assert played.records[0]["content"] == "target.b.test"
        assert await cloudflare.delete_records(ZONE, [record]) == [record]


async def test_two_tokens() -> None:
    """With a token for zones, that one is used to find the zone, and the other for records."""
    played = Cloudflare()
    async with account(played, zone_token=ZONE_TOKEN) as (cloudflare, _):
        await cloudflare.append_records(ZONE, [RECORD])
    async with account(played, ZONE_TOKEN, TOKEN) as (cloudflare, _):
        with pytest.raises(ProviderError, match="does not add the record: Invalid access token"):
            await cloudflare.append_records(ZONE, [RECORD])


async def test_errors_are_said_and_tokens_are_not() -> None:
    """What Cloudflare refuses is said in its words and with its number, without the token."""
    played = Cloudflare()
    async with account(played, "w" * 40) as (cloudflare, _):
        with pytest.raises(ProviderError, match=r"Invalid access token \(9109\)") as caught:
            await cloudflare.append_records(ZONE, [RECORD])
    async with account(played) as (other, _):
        with pytest.raises(ProviderError, match=r"no zones b.test that the token may read"):
            await other.append_records("b.test.", [RECORD])

    assert "w" * 40 not in str(caught.value)


async def test_limit_of_requests_is_waited_for() -> None:
    """A request too many is made again after the time that Cloudflare says."""
    played = Cloudflare()
    played.limited = 1
    async with account(played) as (cloudflare, slept):
        await cloudflare.append_records(ZONE, [RECORD])

    assert slept == [2]
    assert len(played.records) == 1


@pytest.mark.parametrize(
    ("limited", "after", "message", "waits"),
    [
        (99, "300", "takes no more requests for 300 s", []),
        (99, "2", "however long it is waited", [2, 2, 2]),
        (99, None, "however long it is waited", [5, 5, 5]),
        (99, "Fri, 31 Dec 1999 23:59:59 GMT", "however long it is waited", [5, 5, 5]),
        (99, "9" * 5000, "however long it is waited", [5, 5, 5]),
    ],
)
async def test_limit_of_requests_is_not_waited_for_too_long(
    limited: int, after: str | None, message: str, waits: list[float]
) -> None:
    """After three tries, or when it is said to last, it is an error."""
    played = Cloudflare()
    played.limited, played.retry_after = limited, after
    async with account(played) as (cloudflare, slept):
        with pytest.raises(ProviderError, match=message):
            await cloudflare.append_records(ZONE, [RECORD])

    assert slept == waits


@pytest.mark.parametrize(
    "answer",
    [
        status(200, b"<html>"),
        status(502, b"bad gateway"),
        status(200, b"null"),
        status(200, b"[]"),
        status(200, b'{"success":true,"result":{"id":"x"}}'),
        status(200, b'{"success":true,"result":[{"id":"","name":"a.test"}]}'),
        status(200, b'{"success":true,"result":' + b"[" * 100_000),
        status(200, b'{"success":false,"errors":null}'),
        status(302, fields="Location: http://127.0.0.1:1/\r\n"),
        b"junk\r\n\r\n",
        b"",
        flood,
    ],
)
async def test_answers_that_are_none(answer: object) -> None:
    """Garbage, HTML, a redirect and an answer without end are errors, and nothing else."""
    async with hostile(answer) as server:  # type: ignore[arg-type]
        with pytest.raises(ProviderError, match="Cloudflare"):
            await Account(TOKEN, endpoint=server.url).append_records(ZONE, [RECORD])


async def test_tokens_are_checked_when_the_configuration_loads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A token may come from the environment; what is none is refused, and not shown."""
    monkeypatch.setenv("CF_API_TOKEN", TOKEN)
    await Module(api_token="{env.CF_API_TOKEN}").provision(context("dns"))

    with pytest.raises(ConfigError, match=r"dns/api_token: the api_token is empty: \{env.CF_NO\}"):
        await Module(api_token="{env.CF_NO}").provision(context("dns"))
    with pytest.raises(ConfigError, match="no api_token of Cloudflare") as caught:
        await Module(api_token='"quoted"').provision(context("dns"))
    assert "quoted" not in str(caught.value)
    with pytest.raises(ConfigError, match="dns/zone_token: this is no zone_token"):
        await Module(api_token=TOKEN, zone_token="x").provision(context("dns"))


def test_endpoint_is_that_of_the_documentation() -> None:
    """The API is that of Cloudflare, version 4, by HTTPS."""
    assert ENDPOINT == "https://api.cloudflare.com/client/v4"


def test_caddyfile() -> None:
    """In a Caddyfile it is a token, or a block of two, as those of Caddy's plugin."""
    provider = {"name": "cloudflare", "api_token": "{env.A}"}
    assert document("dns cloudflare {env.A}")["apps"]["tls"]["dns"] == provider
    block = "dns cloudflare {\napi_token {env.A}\nzone_token {env.B}\n}"
    assert document(block)["apps"]["tls"]["dns"] == {**provider, "zone_token": "{env.B}"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("cloudflare", "cloudflare: missing API token"),
        ("cloudflare a b", "unexpected argument 'b'"),
        ("cloudflare {\nzone_token a\n}", "cloudflare: missing API token"),
        ("cloudflare {\napi_tokn a\n}", 'did you mean "api_token"?'),
        ("cloudflare {\napi_token\n}", "api_token takes a token"),
    ],
)
def test_wrong_lines_are_refused(line: str, message: str) -> None:
    """Each mistake says what is missing or unknown."""
    assert message in refusal(f"dns {line}")
