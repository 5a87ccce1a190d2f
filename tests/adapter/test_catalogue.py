"""The words that a Caddyfile may use."""

from __future__ import annotations

import pytest

from snake.adapter.catalogue import Catalogue
from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.guests import Guests
from snake.caddyfile.segments import Segment, Token
from snake.core.errors import ConfigError
from snake.core.modules import Registry
from snake.core.plugins import Table
from snake.directives.respond import directive
from snake.standard import catalogue


def line(name: str) -> Segment:
    """Return a line that begins with a word."""
    return Segment((Token(name, "Caddyfile", 3, column=2, source=f"\t{name}"),))


def test_word_is_found_by_name() -> None:
    """A directive's name leads to the directive."""
    assert catalogue().directive(line("respond")) is directive


def test_unknown_word_is_refused_with_the_nearest() -> None:
    """An unknown word says what kind of word was expected, and which one is near."""
    for refuse, message in [
        (catalogue().directive, 'unrecognized directive: respnod; did you mean "respond"?'),
        (catalogue().matcher, "unrecognized matcher: respnod"),
        (catalogue().option, "unrecognized global option: respnod"),
    ]:
        with pytest.raises(CaddyfileError) as raised:
            refuse(line("respnod"))  # type: ignore[operator]
        assert raised.value.message == message
        assert raised.value.line == 3


def test_word_that_cannot_be_loaded_names_its_package() -> None:
    """A plugin that is broken is named, with what its import said."""
    broken = Catalogue(Table({"x": "no_such_package:directive"}), {}, {}, Guests(Registry({})))

    with pytest.raises(ConfigError, match="no_such_package"):
        broken.directive(line("x"))
