"""Record: the base of snake's own values, frozen and compared by what they hold.

A dataclass writes and compiles its methods when its module is imported, about
a millisecond each; there are dozens, and a start must be quick. A struct of
msgspec does not, and is faster to make as well.
"""

from __future__ import annotations

from typing import dataclass_transform

import msgspec


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Record(msgspec.Struct, frozen=True):
    """A frozen value; its fields may be given by position."""
