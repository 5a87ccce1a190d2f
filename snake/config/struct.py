"""What the structs of the document are made of.

Durations are nanoseconds or text such as `"5s"`; `nanoseconds` reads both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, dataclass_transform

import msgspec

from snake.core.check import Checked
from snake.core.errors import ConfigError
from snake.core.units import SECOND, UnitError, duration

Duration = Annotated[
    int | str,
    Checked(duration),
    msgspec.Meta(
        description="A duration: nanoseconds, or text such as 1m30s or 7d.",
        examples=["30s", "5m", "1h30m", "7d"],
    ),
]
"""Nanoseconds, or text such as `5s`."""

if TYPE_CHECKING:
    Guest = msgspec.Raw | None
else:
    Guest = msgspec.Raw
    """A module that may be absent, undecoded; msgspec has no union with `Raw`."""


def nanoseconds(value: Duration) -> int:
    """Return a JSON duration in nanoseconds. Raises `UnitError`."""
    return value if isinstance(value, int) else duration(value)


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The base of the document's own structs: frozen, strict, and short when written."""


def seconds(value: Duration, path: str) -> float | None:
    """Return a JSON duration in seconds; `None` for none, which is what 0 and less mean.

    Raises `ConfigError` at `path`.
    """
    try:
        time = nanoseconds(value)
    except UnitError as error:
        raise ConfigError(str(error), path) from None
    return time / SECOND if time > 0 else None
