"""The option filesystem."""

from __future__ import annotations

from typing import Self

import pytest

from snake.adapter.adapt import adapt
from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment
from snake.config.document import encode
from snake.core.modules import Module, Registry
from snake.standard import catalogue
from tests.options.adapted import refusal


class Memory(Module):
    """A backend, as a plugin could have it."""

    id = "caddy.fs.memory"

    size: int = 0

    @classmethod
    def from_caddyfile(cls, line: Segment, guests: Guests) -> Self:
        """Read `memory { size <n> }`."""
        del guests
        return cls(size=len(line.lines))


def test_file_systems_add_up() -> None:
    """Each line is one, with a name."""
    words = catalogue()
    registry = Registry({"caddy.fs.memory": f"{__name__}:Memory"})
    plugged = type(words)(words.directives, words.matchers, words.options, Guests(registry))

    text = "{\nfilesystem a memory {\nx\n}\nfilesystem b memory\n}\n"
    adapted, _ = adapt(text, "Caddyfile", plugged)

    assert encode(adapted).decode() == (
        '{"apps":{"caddy.filesystems":{"filesystems":['
        '{"name":"a","file_system":{"backend":"memory","size":1}},'
        '{"name":"b","file_system":{"backend":"memory"}}]}}}'
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("filesystem", "filesystem takes a name and a backend"),
        ("filesystem a", "filesystem takes a name and a backend"),
        ("filesystem a embed", "module not registered: caddy.fs.embed"),
    ],
)
def test_wrong_file_system_is_refused(options: str, message: str) -> None:
    """What cannot be says what was expected."""
    assert message in refusal(options)
