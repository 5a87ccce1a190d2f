"""Text of files and for terminals."""

from __future__ import annotations

import pytest

from snake.core.errors import SnakeError
from snake.core.text import decode_utf8, visible


def test_control_characters_are_shown_as_pictures() -> None:
    """No escape sequence reaches the terminal; line breaks, tabs and letters are as they were."""
    assert visible("\x1b[31mé\t\x00\x7f\n\x9b\u202e") == "␛[31mé\t␀␡\n��"


def test_a_file_that_is_not_utf8_is_refused_with_its_place() -> None:
    """The message has the line, the column and the byte."""
    with pytest.raises(SnakeError, match=r"^x:2:4: the byte 0xe9 is not UTF-8"):
        decode_utf8(b"a\ncaf\xe9\n", "x")
