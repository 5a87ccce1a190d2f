"""The values of expressions.

A string, an int, a double, a bool, bytes, a list and null are what Python has for
them. What it does not have is here: numbers without a sign, maps whose keys tell
`1` and `true` apart, durations, timestamps and types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from math import isinf, isnan
from typing import Any

from snake.cel.errors import EvaluationError
from snake.cel.types import Type
from snake.core.numbers import shortest
from snake.core.record import Record
from snake.core.units import SECOND, Span

SMALLEST_INT, LARGEST_INT = -(1 << 63), (1 << 63) - 1
LARGEST_UINT = (1 << 64) - 1


class Uint(int):
    """A whole number without a sign, of 64 bits."""

    __slots__ = ()


class Duration(Record, order=True):
    """A span of time, in nanoseconds."""

    ns: int

    def __str__(self) -> str:
        """Return it as CEL writes it: in seconds, `90s`."""
        return f"{shortest(self.ns / SECOND)}s"


class Timestamp:
    """A moment: nanoseconds since 1970; `offset` is that of the zone in which it is written."""

    __slots__ = ("ns", "offset")

    def __init__(self, ns: int, offset: timedelta = timedelta()) -> None:
        self.ns = ns
        self.offset = offset

    def __eq__(self, other: object) -> bool:
        """Whether it is the same moment, in whichever zone."""
        return isinstance(other, Timestamp) and self.ns == other.ns

    def __lt__(self, other: Timestamp) -> bool:
        """Whether it is before."""
        return self.ns < other.ns

    def __le__(self, other: Timestamp) -> bool:
        """Whether it is not after."""
        return self.ns <= other.ns

    def __gt__(self, other: Timestamp) -> bool:
        """Whether it is after."""
        return self.ns > other.ns

    def __ge__(self, other: Timestamp) -> bool:
        """Whether it is not before."""
        return self.ns >= other.ns

    def __hash__(self) -> int:
        """Equal moments have one hash."""
        return hash(self.ns)

    @property
    def time(self) -> datetime:
        """The moment in UTC, to the microsecond below."""
        return _EPOCH + timedelta(microseconds=self.ns // 1000)

    def written(self, offset: timedelta) -> str:
        """Write it as RFC 3339 has it, with as many digits as it needs."""
        local = self.time.astimezone(timezone(offset))
        fraction = f".{self.ns % SECOND:09d}".rstrip("0").rstrip(".")
        zone = local.isoformat()[-6:] if offset else "Z"
        return f"{local.year:04d}{local:-%m-%dT%H:%M:%S}{fraction}{zone}"

    def __str__(self) -> str:
        """Return it as CEL writes it."""
        return self.written(self.offset)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Map:
    """A map; `1`, `1u` and `1.0` are one key, `true` is another."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Sequence[tuple[object, object]]) -> None:
        self._entries = {_key(key): (key, value) for key, value in entries}

    def __contains__(self, key: object) -> bool:
        """Whether there is such a key."""
        return _hashable(key) and _key(key) in self._entries

    def __getitem__(self, key: object) -> object:
        """Return a value. Raises `EvaluationError`."""
        found = self._entries.get(_key(key)) if _hashable(key) else None
        if found is None:
            raise EvaluationError(f"no such key: {key}")
        return found[1]

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._entries)

    def __iter__(self) -> Iterator[object]:
        """Go through the keys."""
        return (key for key, _ in self._entries.values())

    def items(self) -> Iterator[tuple[object, object]]:
        """Go through keys and values."""
        return iter(self._entries.values())


def _hashable(key: object) -> bool:
    return not isinstance(key, list | Map)


def _key(key: object) -> object:
    if not _hashable(key):
        raise EvaluationError("unsupported key type")
    return (bool, key) if isinstance(key, bool) else key


CLASSES: dict[str, type] = {
    "bool": bool,
    "bytes": bytes,
    "double": float,
    "google.protobuf.Duration": Duration,
    "google.protobuf.Timestamp": Timestamp,
    "int": int,
    "list": list,
    "map": Map,
    "null_type": type(None),
    "string": str,
    "type": Type,
    "uint": Uint,
}
"""What the values of a type are, by its name."""

NAMES = {cls: name for name, cls in CLASSES.items()}
"""The type of a value, by what it is."""

_NUMBERS = frozenset({int, Uint, float})


def type_of(value: object) -> str:
    """Return the name of a value's type."""
    return NAMES.get(type(value), "dyn")


def equal(left: Any, right: Any) -> bool:  # noqa: ANN401
    """Whether two values are equal: numbers of any kind are compared, other kinds are not."""
    kind, other = type(left), type(right)
    if kind is not other:
        return kind in _NUMBERS and other in _NUMBERS and bool(left == right)
    if kind is list:
        return len(left) == len(right) and all(map(equal, left, right))
    if kind is Map:
        return len(left) == len(right) and all(
            key in right and equal(value, right[key]) for key, value in left.items()
        )
    return bool(left == right)


def adapt(value: object) -> object:
    """Return what the host has as a value of CEL. Raises `EvaluationError` for what is none."""
    if type(value) in NAMES and not isinstance(value, list):
        return value
    if isinstance(value, list | tuple):
        return [adapt(item) for item in value]
    if isinstance(value, Mapping):
        return Map([(adapt(key), adapt(item)) for key, item in value.items()])
    for kind, convert in _FOREIGN.items():
        if isinstance(value, kind):
            return convert(value)
    raise EvaluationError(f"unsupported conversion to ref.Val: {type(value).__name__}")


_FOREIGN: dict[type, Callable[[Any], object]] = {
    Span: lambda span: Duration(int(span)),
    datetime: lambda moment: Timestamp(int(moment.timestamp() * 1_000_000) * 1000),
    timedelta: lambda span: Duration(span // timedelta(microseconds=1) * 1000),
    # An `IntEnum` is an int, and so on.
    str: str,
    int: int,
    float: float,
    bytes: bytes,
}
"""What else the host may have; the first that fits counts."""


def general(number: float) -> str:
    """Write a double as Go's `%g`: with an exponent below -4, and from 6 on."""
    if isnan(number):
        return "NaN"
    if isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    from decimal import Decimal  # noqa: PLC0415  (few numbers need it, and it is slow to import)

    exponent = Decimal(repr(number)).adjusted()
    if not number or -4 <= exponent < 6:  # noqa: PLR2004
        return shortest(number)
    digits = repr(number).partition("e")[0].removesuffix(".0").replace(".", "")
    sign = "-" if number < 0 else ""
    digits = digits.lstrip("-0").rstrip("0")
    return f"{sign}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{exponent:+03d}"
