"""The filter encoder: its syntax, and what becomes of a record."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest

from snake.core.errors import ConfigError
from snake.core.modules import Context, Registry
from snake.logs.encoders import Encoder, Record
from snake.standard import MODULES
from tests.logs.wording import log, refusal


def filters(lines: str) -> Any:
    """Return the JSON of the fields of a filter with these lines."""
    return log(f"format filter {{\n{lines}\n}}")["encoder"].get("fields")


async def encoder(**fields: object) -> Encoder:
    """Return the running encoder of this JSON."""
    raw = msgspec.Raw(msgspec.json.encode(fields))
    async with AsyncExitStack() as stack:
        ctx = Context(Registry(MODULES), stack)
        made: Encoder = await ctx.load(raw, namespace="caddy.logging.encoders", key="format")
    return made


async def logged(field: str, how: Mapping[str, object], **fields: object) -> dict[str, Any]:
    """Return the fields of a record of which one is filtered."""
    lines = await encoder(format="filter", fields={field: how})
    record = json.loads(lines.encode(Record(logging.INFO, 0.0, "http", "done", fields)))
    return {name: record[name] for name in record if name not in ("level", "ts", "logger", "msg")}


def test_fields_stand_in_a_block_of_their_own_or_not() -> None:
    """Both ways may be mixed, and `wrap` is the encoder inside."""
    encoder = log("format filter {\nwrap console\nfields {\na delete\n}\nb>c hash\n}")["encoder"]

    assert encoder == {
        "format": "filter",
        "wrap": {"format": "console"},
        "fields": {"a": {"filter": "delete"}, "b>c": {"filter": "hash"}},
    }


def test_several_regular_expressions_for_a_field_are_one_filter() -> None:
    """One is `regexp`, several are `multi_regexp`, in the order written."""
    assert filters("a regexp x y\nb regexp 1\na regexp z") == {
        "a": {
            "filter": "multi_regexp",
            "operations": [{"regexp": "x", "value": "y"}, {"regexp": "z"}],
        },
        "b": {"filter": "regexp", "regexp": "1"},
    }


def test_a_block_after_an_argument_is_not_read() -> None:
    """Caddy looks for the block right after the name."""
    assert filters("a query x {\nb c\n}") == {"a": {"filter": "query", "actions": None}}
    assert log("format filter x {\na wrong\n}")["encoder"] == {"format": "filter"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("a", "a takes the name of a module"),
        ("a delte", 'caddy.logging.encoders.filter.delte; did you mean "delete"'),
        ("wrap", "wrap takes the name of a module"),
        ("wrap jsno", 'caddy.logging.encoders.jsno; did you mean "json"'),
        ("a delete\na hash", "field a already has a filter"),
        ("a regexp x y\na hash", "cannot mix regexp filters with other filter types for field a"),
        ('a regexp x y\na regexp "" z', "regexp pattern cannot be empty"),
        (f"a regexp x y\na regexp {'x' * 1001}", "regexp pattern too long"),
        ("a regexp x y\n" * 51, "too many regexp operations"),
        ("a multi_regexp", "multi_regexp takes at least one line"),
        ("a multi_regexp {\nregexp x\n}", "regexp takes a replacement"),
        ("a multi_regexp {\nreplace x y\n}", "multi_regexp: unrecognized subdirective: replace"),
        ("a ip_mask 1 2 3", "ip_mask takes two numbers of bits at most"),
        ("a ip_mask half", 'ip_mask: "half" is no whole number'),
        ("a ip_mask {\nipv4\n}", "ipv4 takes a number of bits"),
        ("a ip_mask {\nipv5 1\n}", 'unrecognized subdirective: ipv5; did you mean "ipv6"'),
        ("a query {\nreplace b\n}", "replace takes a value"),
        ("a cookie {\nhash\n}", "hash takes a name"),
        ("a set_cookie {\nremove b\n}", "set_cookie: unrecognized subdirective: remove"),
    ],
)
def test_wrong_lines(lines: str, message: str) -> None:
    """What Caddy refuses is refused with the reason."""
    assert message in refusal(f"format filter {{\n{lines}\n}}")


@pytest.mark.parametrize(
    ("field", "how", "expected"),
    [
        ("b", {"filter": "delete"}, {"a": {"c": "text", "d": ["x", "y"]}}),
        ("a>c", {"filter": "delete"}, {"a": {"d": ["x", "y"]}, "b": 5}),
        ("a", {"filter": "replace", "value": "gone"}, {"a": "gone", "b": 5}),
        ("a>c", {"filter": "rename", "name": "e"}, {"a": {"e": "text", "d": ["x", "y"]}, "b": 5}),
        ("b", {"filter": "replace"}, {"a": {"c": "text", "d": ["x", "y"]}, "b": ""}),
        ("b", {"filter": "hash"}, {"a": {"c": "text", "d": ["x", "y"]}, "b": 5}),
        ("a>c", {"filter": "hash"}, {"a": {"c": "982d9e3e", "d": ["x", "y"]}, "b": 5}),
        (
            "a>d",
            {"filter": "hash"},
            {"a": {"c": "text", "d": ["2d711642", "a1fce436"]}, "b": 5},
        ),
        (
            "a>c",
            {"filter": "regexp", "regexp": "(t)e", "value": "<$1>"},
            {"a": {"c": "<t>xt", "d": ["x", "y"]}, "b": 5},
        ),
        (
            "a>d",
            {
                "filter": "multi_regexp",
                "operations": [{"regexp": "x", "value": "y"}, {"regexp": "y+"}],
            },
            {"a": {"c": "text", "d": ["", ""]}, "b": 5},
        ),
    ],
)
async def test_filters(field: str, how: Mapping[str, object], expected: object) -> None:
    """A filter changes its own field; text is hashed and replaced, also in lists."""
    assert await logged(field, how, a={"c": "text", "d": ["x", "y"]}, b=5) == expected


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("192.0.2.77", "192.0.0.0"),
        ("192.0.2.77:80", "192.0.0.0:80"),
        ("2001:db8:1:2::3", "2001:db8::"),
        ("[2001:db8:1::3]:443", "[2001:db8::]:443"),
        ("::ffff:192.0.2.77", "192.0.0.0"),
        ("192.0.2.77,unknown , 10.1.2.3", "192.0.0.0, unknown, 10.1.0.0"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("", ""),
    ],
)
async def test_ip_mask(text: str, shown: str) -> None:
    """The last bits of addresses are zero; what is no address stays as it is."""
    mask = {"filter": "ip_mask", "ipv4_cidr": 16, "ipv6_cidr": 32}
    assert await logged("ip", mask, ip=text) == {"ip": shown}


async def test_a_kind_of_address_without_a_mask_is_not_shown() -> None:
    """Caddy logs `<nil>` for it."""
    mask = {"filter": "ip_mask", "ipv4_cidr": 16}
    assert await logged("ip", mask, ip=["::1", "1.2.3.4"]) == {"ip": ["<nil>", "1.2.0.0"]}


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("/a?token=1&token=2&b=3", "/a?b=3&token=X&token=X"),
        ("/a?secret=1", "/a"),
        ("/a?id=x+y#top", "/a?id=887fcea6#top"),
        ("https://a.test/?z=%41&%zz=1&c;d=2", "https://a.test/?z=A"),
        ("/%zz?secret=1", "/%zz?secret=1"),
        ("/plain", "/plain"),
    ],
)
async def test_query(uri: str, shown: str) -> None:
    """Parameters are replaced, hashed and removed; what is left is sorted and well-formed."""
    actions = [
        {"type": "replace", "parameter": "token", "value": "X"},
        {"type": "hash", "parameter": "id"},
        {"type": "delete", "parameter": "secret"},
    ]
    assert await logged("uri", {"filter": "query", "actions": actions}, uri=uri) == {"uri": shown}


ACTIONS = [
    {"type": "replace", "name": "a", "value": "x y"},
    {"type": "hash", "name": "b"},
    {"type": "delete", "name": "c"},
    {"type": "delete", "name": "a"},
]


@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        (["a=1; b=2; c=3; d=4"], ['a="x y"; b=d4735e3a; d=4']),
        (["d=1", 'e="2"; bad name=3;; f=\\'], ['d=1; e="2"']),
        (["c=3"], []),
        (["REDACTED"], ["REDACTED="]),
    ],
)
async def test_cookie(headers: list[str], shown: list[str]) -> None:
    """Cookies become one header of those that are left; of several actions the first counts."""
    cookie = {"filter": "cookie", "actions": ACTIONS}
    assert await logged("cookie", cookie, cookie=headers) == {"cookie": shown}
    assert await logged("cookie", cookie, cookie="a=1") == {"cookie": "a=1"}


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ("a=1; Path=/; HttpOnly", "a=x y; Path=/; HttpOnly"),
        ('b="2" ; Secure', 'b="d4735e3a" ; Secure'),
        ("b=; Max-Age=0", "b=e3b0c442; Max-Age=0"),
        ("d=4; a=1", "d=4; a=1"),
        ("nothing", "nothing"),
    ],
)
async def test_set_cookie(header: str, shown: str) -> None:
    """Only the value changes; the attributes stay as they were sent."""
    how = {"filter": "set_cookie", "actions": ACTIONS}
    assert await logged("h", how, h=[header, "c=3; Path=/"]) == {"h": [shown]}
    assert await logged("h", how, h="a=1") == {"h": "a=1"}


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"filter": "regexp", "regexp": "("}, "fields/a/regexp: invalid regular expression"),
        (
            {"filter": "multi_regexp", "operations": [{"regexp": "a"}, {"regexp": "("}]},
            "fields/a/operations/1/regexp: invalid regular expression",
        ),
        ({"filter": "multi_regexp"}, "fields/a: multi_regexp takes at least one operation"),
        ({"filter": "query", "actions": [{"type": "keep", "parameter": "b"}]}, "actions/0/type"),
        ({"filter": "hsah"}, 'did you mean "hash"?'),
    ],
)
async def test_wrong_json(how: Mapping[str, object], message: str) -> None:
    """A filter that cannot work is an error with its place."""
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        await encoder(format="filter", fields={"a": how})
