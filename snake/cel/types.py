"""Types, and how those of a function's parameters are fitted to what it is given.

A name of one capital letter is a parameter of a type, which stands for any; so is
one that begins with `%`, of which no two are the same.

Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#gradual-type-checking.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple


class Type(NamedTuple):
    """A type, such as `string` or `list(string)`."""

    name: str
    parameters: tuple[Type, ...] = ()

    def __str__(self) -> str:
        """Return it as it is written; what nothing is known of is `dyn`."""
        if self.is_parameter:
            return "dyn"
        inner = ", ".join(map(str, self.parameters))
        return f"{self.name}({inner})" if inner else self.name

    @property
    def is_parameter(self) -> bool:
        """Whether it stands for any type."""
        return self.name[0] == "%" or (len(self.name) == 1 and self.name.isupper())


BOOL, INT, UINT, DOUBLE = Type("bool"), Type("int"), Type("uint"), Type("double")
STRING, BYTES, NULL, DYN = Type("string"), Type("bytes"), Type("null_type"), Type("dyn")
DURATION, TIMESTAMP = Type("google.protobuf.Duration"), Type("google.protobuf.Timestamp")
ANY = Type("any")
"""What a placeholder is: anything, as `dyn` is, but nothing that one can go through."""
HOST = Type("http.Request")
"""What the host gives an expression."""

NULLABLE = frozenset({DURATION.name, TIMESTAMP.name, HOST.name})
"""The types that null fits."""


def list_of(item: Type) -> Type:
    """Return the type of a list."""
    return Type("list", (item,))


def map_of(key: Type, value: Type) -> Type:
    """Return the type of a map."""
    return Type("map", (key, value))


_LOOSE = frozenset({"dyn", "any"})

_WORD = re.compile(r"[\w.@]+|[(),]")
_SHORT = {"duration": DURATION, "timestamp": TIMESTAMP, "host": HOST}


@lru_cache(maxsize=512)
def read_types(text: str) -> tuple[Type, ...]:
    """Read types that stand one after the other: `list(A) int`."""
    words = _WORD.findall(text)
    found = []
    while words:
        found.append(_read(words))
    return tuple(found)


def _read(words: list[str]) -> Type:
    name = words.pop(0)
    parameters = []
    if words and words[0] == "(":
        while words.pop(0) != ")":
            parameters.append(_read(words))
    return _SHORT.get(name) or Type(name, tuple(parameters))


class Fitting:
    """What the parameters of types stand for, as far as that is known."""

    def __init__(self) -> None:
        self._known: dict[str, Type] = {}
        self._count = 0

    def fresh(self) -> Type:
        """Return a type of which nothing is known yet."""
        self._count += 1
        return Type(f"%{self._count}")

    def of(self, given: Type) -> Type:
        """Return a type with all that is known of its parameters."""
        if given.is_parameter:
            known = self._known.get(given.name)
            return given if known is None else self.of(known)
        if not given.parameters:
            return given
        return Type(given.name, tuple(self.of(each) for each in given.parameters))

    def instance(self, types: Sequence[Type]) -> list[Type]:
        """Return types with new parameters in the place of their own."""
        renamed: dict[str, Type] = {}

        def rename(given: Type) -> Type:
            if given.is_parameter:
                return renamed.setdefault(given.name, self.fresh())
            return Type(given.name, tuple(rename(each) for each in given.parameters))

        return [rename(each) for each in types]

    def fits(self, given: Sequence[Type], wanted: Sequence[Type]) -> bool:
        """Whether each of `given` fits what is wanted; if so, remember what that means."""
        before = dict(self._known)
        if len(given) == len(wanted) and all(map(self._fits, given, wanted)):
            return True
        self._known = before
        return False

    def _fits(self, given: Type, wanted: Type) -> bool:
        if wanted.is_parameter:
            return self._bind(wanted, given)
        if given.is_parameter:
            return self._bind(given, wanted)
        if not _LOOSE.isdisjoint({given.name, wanted.name}):
            return True
        if "null_type" in (given.name, wanted.name):
            return given == wanted or not NULLABLE.isdisjoint({given.name, wanted.name})
        if given.name == wanted.name == "type":
            return True
        return given.name == wanted.name and all(
            map(self._fits, given.parameters, wanted.parameters)
        )

    def _bind(self, parameter: Type, given: Type) -> bool:
        """Let a parameter stand for a type, or for a more general one than before."""
        known = self._known.get(parameter.name)
        if given in (parameter, known):
            return True
        if known is not None:
            if not self._fits(given, known):
                return False
            given = given if _is_as_general(given, known) else known
        elif _within(parameter, self.of(given)):
            return False
        if not _within(parameter, self.of(given)):
            self._known[parameter.name] = given
        return True

    def join(self, one: Type, other: Type) -> Type:
        """Return a type that both fit: that of a list's items."""
        if not self.fits([one], [other]):
            return DYN
        one, other = self.of(one), self.of(other)
        return one if _is_as_general(one, other) else other


def _within(parameter: Type, given: Type) -> bool:
    return parameter == given or any(_within(parameter, each) for each in given.parameters)


def _is_as_general(one: Type, other: Type) -> bool:
    if one.name in _LOOSE or one.is_parameter:
        return True
    return one.name == other.name and all(map(_is_as_general, one.parameters, other.parameters))
