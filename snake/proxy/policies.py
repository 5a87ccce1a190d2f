"""Selection policies: which of several upstreams gets a request.

Syntax, inside `reverse_proxy`::

    lb_policy random | first | round_robin | least_conn
    lb_policy ip_hash | client_ip_hash | uri_hash
    lb_policy random_choose <count>
    lb_policy weighted_round_robin <weights...>
    lb_policy header <field> { fallback <policy> }
    lb_policy query <key> { fallback <policy> }
    lb_policy cookie [<name> [<secret>]] {
        fallback <policy>
        max_age <duration>
    }
"""

from __future__ import annotations

from typing import Annotated, Self

import msgspec

from snake.caddyfile.fields import Fields, Reader, number, read_block, text
from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.caddyfile.words import Words
from snake.config.struct import Duration, Guest, nanoseconds
from snake.core.modules import Context, Module, name_of
from snake.core.namespace import In
from snake.core.numbers import NumberError, integer
from snake.core.units import SECOND, UnitError, duration
from snake.proxy import selection
from snake.proxy.selection import Select
from snake.proxy.sticky import Sticky

POLICIES = "http.reverse_proxy.selection_policies"

Policy = Annotated[Guest, In(POLICIES, "policy")]


class _Plain(Module):
    """A policy that has nothing to say but its name."""

    async def provision(self, ctx: Context) -> Select:
        """Return what chooses a backend."""
        del ctx
        return selection.PLAIN[name_of(type(self))]()

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read the policy's name."""
        del guests
        line.flag()
        return cls()


class Random(_Plain):
    """The JSON of `http.reverse_proxy.selection_policies.random`, the default."""

    id = f"{POLICIES}.random"


class LeastConn(_Plain):
    """The JSON of `http.reverse_proxy.selection_policies.least_conn`."""

    id = f"{POLICIES}.least_conn"


class RoundRobin(_Plain):
    """The JSON of `http.reverse_proxy.selection_policies.round_robin`."""

    id = f"{POLICIES}.round_robin"


class First(_Plain):
    """The JSON of `http.reverse_proxy.selection_policies.first`."""

    id = f"{POLICIES}.first"


class IPHash(_Plain):
    """The JSON of `http.reverse_proxy.selection_policies.ip_hash`."""

    id = f"{POLICIES}.ip_hash"


class ClientIPHash(_Plain):
    """The JSON of `http.reverse_proxy.selection_policies.client_ip_hash`."""

    id = f"{POLICIES}.client_ip_hash"


class URIHash(_Plain):
    """The JSON of `http.reverse_proxy.selection_policies.uri_hash`."""

    id = f"{POLICIES}.uri_hash"


class RandomChoose(Module):
    """The JSON of `http.reverse_proxy.selection_policies.random_choose`."""

    id = f"{POLICIES}.random_choose"

    choose: int = 0

    async def provision(self, ctx: Context) -> Select:
        """Return what chooses a backend. Raises `ConfigError` for less than two."""
        choose = self.choose or 2
        if choose < 2:  # noqa: PLR2004
            raise ctx.at("choose").fail(f'random_choose "{choose}": choose must be at least 2')
        return selection.random_choose(choose)

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> RandomChoose:
        """Read `random_choose <count>`."""
        del guests
        return cls(choose=number(Words(line)))


class WeightedRoundRobin(Module):
    """The JSON of `http.reverse_proxy.selection_policies.weighted_round_robin`."""

    id = f"{POLICIES}.weighted_round_robin"

    weights: tuple[int, ...] = ()

    async def provision(self, ctx: Context) -> Select:
        """Return what chooses a backend. Raises `ConfigError` for weights that choose none."""
        for index, weight in enumerate(self.weights):
            if weight < 0:
                raise ctx.at("weights", index).fail("weight of an upstream cannot be negative")
        if not sum(self.weights):
            raise ctx.at("weights").fail(
                "weighted_round_robin requires at least one upstream with a positive weight"
            )
        return selection.weighted_round_robin(self.weights)

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> WeightedRoundRobin:
        """Read `weighted_round_robin <weights...>`."""
        del guests
        words = Words(line)
        return cls(weights=tuple(words.read(word, _weight) for word in words.some()))


class QueryHash(Module):
    """The JSON of `http.reverse_proxy.selection_policies.query`."""

    id = f"{POLICIES}.query"

    key: str = ""
    fallback: Policy = None

    async def provision(self, ctx: Context) -> Select:
        """Return what chooses a backend. Raises `ConfigError` without a key."""
        if not self.key:
            raise ctx.at("key").fail("query key is required")
        fallback = await load_policy(ctx.at("fallback"), self.fallback)
        return selection.hashed(selection.query_value(self.key), fallback)

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> QueryHash:
        """Read `query <key>`."""
        words, fields = Words(line), Fields()
        fields.set("key", text(words))
        read_block(words.block(), _fallback(fields, guests))
        return msgspec.convert(fields.values, cls)


class HeaderHash(Module):
    """The JSON of `http.reverse_proxy.selection_policies.header`."""

    id = f"{POLICIES}.header"

    field: str = ""
    fallback: Policy = None

    async def provision(self, ctx: Context) -> Select:
        """Return what chooses a backend. Raises `ConfigError` without a field."""
        if not self.field:
            raise ctx.at("field").fail("header field is required")
        fallback = await load_policy(ctx.at("fallback"), self.fallback)
        return selection.hashed(selection.header_value(self.field), fallback)

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> HeaderHash:
        """Read `header <field>`."""
        words, fields = Words(line), Fields()
        fields.set("field", text(words))
        read_block(words.block(), _fallback(fields, guests))
        return msgspec.convert(fields.values, cls)


class CookieHash(Module):
    """The JSON of `http.reverse_proxy.selection_policies.cookie`."""

    id = f"{POLICIES}.cookie"

    name: str = ""
    secret: str = ""
    max_age: Duration = 0
    fallback: Policy = None

    async def provision(self, ctx: Context) -> Select:
        """Return what chooses a backend."""
        fallback = await load_policy(ctx.at("fallback"), self.fallback)
        seconds = nanoseconds(self.max_age) // SECOND
        return Sticky(self.name or "lb", self.secret, seconds, fallback).select

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> CookieHash:
        """Read `cookie [<name> [<secret>]]`."""
        words, fields = Words(line), Fields()
        for path in ("name", "secret"):
            if words.has_arguments:
                fields.set(path, text(words))
        words.none()

        def max_age(words: Words) -> None:
            if fields.get("max_age"):
                words.token.fail("cookie max_age already specified")
            fields.set("max_age", words.value(_max_age))

        readers = _fallback(fields, guests) | {"max_age": max_age}
        read_block(words.block(), readers)
        return msgspec.convert(fields.values, cls)


async def load_policy(ctx: Context, policy: msgspec.Raw | None) -> Select:
    """Provision a policy; the one at random when none is given."""
    if policy is None:
        return selection.random
    select: Select = await ctx.load(policy, namespace=POLICIES, key="policy")
    return select


def _weight(text: str) -> int:
    if (weight := integer(text)) < 0:
        raise NumberError(f'"{text}" is less than nothing: weight should be non-negative')
    return weight


def _max_age(text: str) -> int:
    if (age := duration(text)) <= 0:
        raise UnitError(f'"{text}" is not more than nothing: max_age should be positive')
    return age


def _fallback(fields: Fields, guests: Guests) -> dict[str, Reader]:
    def fallback(words: Words) -> None:
        line = words.guest()
        if fields.get("fallback") is not None:
            line.words[0].fail("fallback selection policy already specified")
        fields.set("fallback", guests.json(line, POLICIES, "policy"))

    return {"fallback": fallback}
