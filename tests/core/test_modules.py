"""core.modules."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest

from snake.core.errors import ConfigError
from snake.core.modules import Context, Module, Registry, to_json


class Inner(Module):
    """A guest."""

    id = "test.things.inner"

    count: int = 0

    async def provision(self, ctx: Context) -> int:
        """Return the count."""
        del ctx
        return self.count


class Names(Module):
    """A guest that is no object."""

    id = "test.things.names"
    bare = "names"

    names: tuple[str, ...] = ()

    async def provision(self, ctx: Context) -> tuple[str, ...]:
        """Return the names."""
        del ctx
        return self.names


def context() -> Context:
    """Return a context whose registry knows the classes above."""
    here = __name__
    table = {Inner.id: f"{here}:Inner", Names.id: f"{here}:Names", "test.things.gone": "no:x"}
    return Context(Registry(table), AsyncExitStack()).at("root")


def raw(value: Any) -> msgspec.Raw:
    """Return JSON."""
    return msgspec.Raw(msgspec.json.encode(value))


async def test_load() -> None:
    """A guest is found by its inline name, decoded and provisioned."""
    loaded = await context().load(
        raw({"kind": "inner", "count": 3}), namespace="test.things", key="kind"
    )
    assert loaded == 3


async def test_load_bare() -> None:
    """A guest that is no object is decoded from its bare value."""
    assert await context().load_named(raw(["a"]), Names.id) == ("a",)


@pytest.mark.parametrize(
    ("guest", "message"),
    [
        ({"kind": "iner"}, 'root: unknown module: test.things.iner; did you mean "inner"?'),
        ({}, "root: expected an object with the field 'kind', the module's name"),
        ([], "root: expected an object with the field 'kind', the module's name"),
        ({"kind": "inner", "conut": 1}, 'root: unknown field "conut"; did you mean "count"?'),
        ({"kind": "inner", "count": "x"}, "root/count: expected `int`, got `str`"),
    ],
)
async def test_refused(guest: Any, message: str) -> None:
    """Each mistake is one message with the place and the nearest name."""
    with pytest.raises(ConfigError) as caught:
        await context().load(raw(guest), namespace="test.things", key="kind")

    assert str(caught.value) == message


async def test_import_failure_names_the_path() -> None:
    """A module that cannot be imported is an error that says which."""
    with pytest.raises(ConfigError, match="cannot load no:x"):
        await context().load(raw({"kind": "gone"}), namespace="test.things", key="kind")


def test_to_json() -> None:
    """A module is written with its name, keys in order, defaults left out."""
    assert bytes(to_json(Inner(count=2), "kind")) == b'{"count":2,"kind":"inner"}'
    assert bytes(to_json(Inner(), "kind")) == b'{"kind":"inner"}'
    assert bytes(to_json(Names(names=("a",)))) == b'["a"]'


def test_to_json_of_long_numbers() -> None:
    """A number in a module with its name is a float, as it is in Caddy; what it loses shows."""
    assert bytes(to_json(Inner(count=(1 << 63) - 1))) == b'{"count":9223372036854775807}'
    named = bytes(to_json(Inner(count=(1 << 63) - 1), "kind"))
    assert named == b'{"count":9223372036854776000,"kind":"inner"}'
    exact = bytes(to_json(Inner(count=1 << 53), "kind"))
    assert exact == b'{"count":9007199254740992,"kind":"inner"}'
