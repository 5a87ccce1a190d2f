"""The manual of a word: the docstring of the file that defines it.

An error that tells no more than what is wrong is given the form that was expected,
from the `Syntax::` of the manual: so the two cannot differ.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec
from msgspec.structs import replace

from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.segments import Segment
from snake.core.errors import SnakeError

_HEADING = re.compile(r"\nSyntax(, .*)?::\n")
_MOST = 8
"""How many forms are shown."""


@contextmanager
def reading(line: Segment, parse: Callable[..., object]) -> Iterator[None]:
    """Give errors their place and the expected form, while `parse` reads a line.

    Raises `CaddyfileError` for every `SnakeError`.
    """
    try:
        yield
    except CaddyfileError as error:
        _explain(error, line, parse)
        raise
    except (SnakeError, msgspec.ValidationError) as error:
        line.fail(f"{line.name}: {error}")


def _explain(error: CaddyfileError, line: Segment, parse: Callable[..., object]) -> None:
    """Give an error without a hint the form of the line that it is about."""
    if error.hint:
        return
    syntax = _syntax(sys.modules[parse.__module__].__doc__ or "")
    found = (form for name in _about(error, line) for form in _forms(syntax, name))
    forms = list(dict.fromkeys(found))
    if forms:
        error.hint = "expected: " + "\n          ".join(forms[:_MOST])


def _syntax(manual: str) -> Sequence[str]:
    """Return the lines below `Syntax::`, or `Syntax, inside of something::`."""
    found = _HEADING.search(manual)
    if found is None:
        return ()
    block = [each for each in _indented(manual[found.end() :].splitlines()) if each.strip()]
    return textwrap.dedent("\n".join(block)).splitlines()


def _indented(lines: Sequence[str]) -> Iterator[str]:
    for each in lines:
        if each.strip() and not each.startswith(" "):
            return
        yield each


def _about(error: CaddyfileError, line: Segment) -> Iterator[str]:
    """Yield the name of the line inside that the error is in, or else that of the line itself."""
    for sub in line.lines:
        words = [(word.file, word.line, word.column) for word in sub.words]
        if (error.file, error.line, error.column) in words:
            yield sub.name
            return
        if names := list(_about(error, replace(sub, words=()))):
            yield from names
            return
    if any(word.line == error.line and word.file == error.file for word in line.words):
        yield line.name


def _forms(syntax: Sequence[str], name: str) -> Iterator[str]:
    """Yield the lines of a syntax that begin with a name, without the brace that they open."""
    for form in syntax:
        words = form.split()
        if words and words[0] == name:
            yield " ".join(words).removesuffix("{").rstrip()
