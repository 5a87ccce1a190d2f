"""Response matcher: which responses a handler applies to, by status and headers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from snake.http.response import Header
from snake.http.wildcard import compile_wildcards

ResponseMatch = Callable[[int, Sequence[Header]], bool]
"""Whether a response matches, by its status and its header fields (names in lower case)."""

Headers = dict[str, tuple[str, ...] | None]
"""By field: values of which one must match; none given: the field is there; `None`: it is not."""


class ResponseMatcher(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The JSON of a response matcher. What is not given matches every response."""

    status_code: tuple[int, ...] | None = None
    """One digit stands for its class: 4 is every 4xx."""
    headers: Headers | None = None

    def compile(self) -> ResponseMatch:
        """Return the matcher as one function."""
        right_status = _statuses(self.status_code)
        fields = [_field(name, values) for name, values in (self.headers or {}).items()]

        def match(status: int, headers: Sequence[Header]) -> bool:
            return right_status(status) and all(field(headers) for field in fields)

        return match


def _statuses(codes: tuple[int, ...] | None) -> Callable[[int], bool]:
    if codes is None:
        return lambda _: True
    exact = frozenset(codes)
    return lambda status: status in exact or status // 100 in exact


def _field(name: str, values: tuple[str, ...] | None) -> Callable[[Sequence[Header]], bool]:
    field = name.lower().encode("latin-1", "replace")
    if values is None:
        return lambda headers: all(key != field for key, _ in headers)
    if not values:
        return lambda headers: any(key == field for key, _ in headers)
    matches = compile_wildcards(values)
    return lambda headers: any(
        key == field and matches(value.decode("utf-8", "surrogateescape")) for key, value in headers
    )
