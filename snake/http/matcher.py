"""The shape of a request matcher, and how matchers make sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple, Self

import msgspec

from snake.core.modules import Context, Module
from snake.http.request import Request

Matcher = Callable[[Request], bool]
"""Whether a request matches. May raise `HandlerError`, which ends the request."""


class Shape(NamedTuple):
    """What a matcher takes where an expression calls it: texts, or one map of texts."""

    least: int = 1
    most: int | None = None
    """Of the texts; `None` is any number."""
    is_text: bool = True
    is_map: bool = False

    def __str__(self) -> str:
        """Return it in words."""
        count = f"{self.least} or more" if self.most is None else " or ".join(self._counts())
        texts = [f"{count} string{'s' * (self.most != 1)}"] if self.is_text else []
        return " or ".join([*texts, *["a map of strings"] * self.is_map])

    def _counts(self) -> list[str]:
        return [str(count) for count in range(self.least, (self.most or 0) + 1)]


MAP = Shape(is_text=False, is_map=True)


class MatcherModule(Module):
    """The base of modules in `http.matchers`."""

    call: ClassVar[Shape | None] = None
    """What the matcher takes in an expression; `None`: it cannot be called there."""

    @classmethod
    def from_call(cls, arguments: Sequence[Any], name: str) -> Self:
        """Return the matcher that an expression calls, in the matcher of this name.

        Arguments are texts, or one map of texts and lists of texts.
        """
        del name
        given: Any = arguments
        if cls.call is not None and cls.call.is_map:
            fields: dict[str, Any] = arguments[0]
            given = {
                key: value if isinstance(value, list) else [value] for key, value in fields.items()
            }
        return msgspec.convert({cls.bare or "": given}, cls)

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
    """Provision one set: every matcher in it must match.

    In Caddy they are asked in whatever order. Here the one that looks at the disk is the last.
    """
    return all_of(
        [
            await ctx.at(name).load_named(matchers[name], f"http.matchers.{name}")
            for name in sorted(matchers, key=lambda name: name == "file")
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
