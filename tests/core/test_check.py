"""core.check: the types of a whole document, guests and their guests."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Annotated, Any

import msgspec
import pytest

from snake.core.check import Checked, check
from snake.core.errors import ConfigError, SnakeError
from snake.core.modules import Context, Module, Registry
from snake.core.namespace import In


class Inner(Module):
    """A guest without a run-time part."""

    id = "test.things.inner"

    count: int = 0
    more: Annotated[msgspec.Raw, In("test.things", "kind")] = msgspec.Raw(b"null")


class Names(Module):
    """A guest that a map key names."""

    id = "test.names.names"
    bare = "names"

    names: tuple[str, ...] = ()


class Sets(Module):
    """A guest that is a list of others."""

    id = "test.names.sets"
    bare = "sets"

    sets: tuple[dict[str, Annotated[msgspec.Raw, In("test.names")]], ...] = ()


def even(text: str) -> None:
    """Read text of an even length."""
    if len(text) % 2:
        raise SnakeError(f"{text} is odd")


class Numbered(Module):
    """A guest with text that is read, and a number."""

    id = "test.names.numbered"

    text: Annotated[int | str, Checked(even)] = "odd"
    number: int | None = None


class Part(msgspec.Struct):
    """What stands between a host and its guests."""

    things: tuple[Annotated[msgspec.Raw, In("test.things", "kind")], ...] = ()
    sets: tuple[dict[str, Annotated[msgspec.Raw, In("test.names")]], ...] | None = ()


class Host(msgspec.Struct):
    """A document."""

    parts: dict[str, Part] = {}
    title: str = ""


REGISTRY = Registry(
    {cls.id: f"{__name__}:{cls.__name__}" for cls in (Inner, Names, Sets, Numbered)}
)


def host(part: Any) -> Host:
    """Return a document with one part."""
    return msgspec.json.decode(msgspec.json.encode({"parts": {"p": part}}), type=Host)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"things": [{"kind": "inner", "count": "x"}]}, "p/things/0/count: expected `int`"),
        ({"things": [{"kind": "iner"}]}, "p/things/0: unknown module: test.things.iner; did you"),
        (
            {"things": [{"kind": "inner", "more": {"kind": "inner", "cnt": 1}}]},
            "p/things/0/more: un",
        ),
        ({"things": [{"count": 1}]}, "p/things/0: expected an object with the field 'kind'"),
        ({"sets": [{"names": [1]}]}, "p/sets/0/names/0: expected `str`, got `int`"),
        ({"sets": [{"nams": [1]}]}, "p/sets/0/nams: unknown module: test.names.nams"),
        ({"sets": [{"names": None}]}, "p/sets/0/names: module value cannot be null"),
        ({"things": [None]}, "p/things/0: expected an object with the field 'kind'"),
        ({"sets": [{"sets": [{"names": [1]}]}]}, "p/sets/0/sets/0/names/0: expected `str`"),
        ({"sets": [{"numbered": {"text": "abc"}}]}, "p/sets/0/numbered/text: abc is odd"),
        (
            {"sets": [{"numbered": {"number": 2**63}}]},
            "p/sets/0/numbered/number: expected a whole number of 64 bits, got 9223372036854775808",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(part: Any, message: str) -> None:
    """A guest's wrong type, field or name has the path from the root of the document."""
    with pytest.raises(ConfigError) as caught:
        check(host(part), REGISTRY)

    assert str(caught.value).startswith(f"parts/{message}")


def test_what_is_nested_too_deeply_is_refused() -> None:
    """A document that no program could read has an error, and no traceback."""
    deep = b'{"kind":"inner","more":' * 400 + b'{"kind":"inner"}' + b"}" * 400
    with pytest.raises(ConfigError, match="JSON is nested too deeply"):
        check(Part(things=(msgspec.Raw(deep),)), REGISTRY)


def test_right_document_passes() -> None:
    """Nothing is said of guests that are as they should be, or absent."""
    check(host({"things": [{"kind": "inner", "more": {"kind": "inner"}}], "sets": None}), REGISTRY)
    check(host({"sets": [{"numbered": {"text": "ab", "number": 2**63 - 1}}]}), REGISTRY)
    check(host({"sets": [{"numbered": {"text": 5}}, {"numbered": {"text": "odd"}}]}), REGISTRY)


async def test_module_that_does_not_run_is_refused_by_name() -> None:
    """But first what stands in it is checked, down to its guests."""
    ctx = Context(REGISTRY, AsyncExitStack()).at("root")
    wrong = {"kind": "inner", "more": {"kind": "inner", "count": "x"}}

    with pytest.raises(
        ConfigError, match=r"root: test\.things\.inner does not run in this version"
    ):
        await ctx.load(msgspec.Raw(b'{"kind":"inner"}'), namespace="test.things", key="kind")
    with pytest.raises(ConfigError, match="root/more/count: expected `int`, got `str`"):
        await ctx.load(msgspec.Raw(msgspec.json.encode(wrong)), namespace="test.things", key="kind")
