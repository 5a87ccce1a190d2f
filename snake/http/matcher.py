"""The shape of a request matcher, and how matchers make sets."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from snake.core.modules import Context, Module
from snake.http.request import Request

Matcher = Callable[[Request], bool]
"""Whether a request matches. May raise `HandlerError`, which ends the request."""


class MatcherModule(Module):
    """The base of modules in `http.matchers`."""

    async def provision(self, ctx: Context) -> Matcher:
        """Return the matcher."""
        matcher: Matcher = await super().provision(ctx)
        return matcher


async def provision_sets(ctx: Context, sets: tuple[dict[str, msgspec.Raw], ...]) -> Matcher | None:
    """Provision matcher sets: any set, all matchers in it. `None` matches every request."""
    if not sets:
        return None
    return any_of(
        [await provision_set(ctx.at(index), matchers) for index, matchers in enumerate(sets)]
    )


async def provision_set(ctx: Context, matchers: dict[str, msgspec.Raw]) -> Matcher:
    """Provision one set: every matcher in it must match."""
    return all_of(
        [
            await ctx.at(name).load_named(raw, f"http.matchers.{name}")
            for name, raw in matchers.items()
        ]
    )


def all_of(matchers: list[Matcher]) -> Matcher:
    """Match when every one of `matchers` does."""
    match matchers:
        case []:
            return lambda _: True
        case [only]:
            return only
        case [first, second]:
            return lambda request: first(request) and second(request)
        case _:
            return lambda request: all(match(request) for match in matchers)


def any_of(matchers: list[Matcher]) -> Matcher:
    """Match when one of `matchers` does."""
    if len(matchers) == 1:
        return matchers[0]
    return lambda request: any(match(request) for match in matchers)
