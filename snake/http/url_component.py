r"""One component of a URL pattern to a regular expression that has no regard to case.

The package urlpattern has regard to it whatever it is told, so this is for `ignore_case`
alone, and for patterns that the package has put into their normal form:
`/books{/:id(\d+)}?`.

Source: https://urlpattern.spec.whatwg.org/#parse-a-pattern-string.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from snake.core.regexp import compile_regexp

_TOKEN = re.compile(
    r"\\(?P<escaped>.)|:(?P<name>[^\W\d]\w*)|\((?P<regexp>(?:\\.|[^\\()]|\((?:\\.|[^\\()])*\))*)\)"
    r"|(?P<star>\*)|(?P<open>\{)|(?P<close>\})|(?P<modifier>[?+])|(?P<char>.)",
    re.DOTALL,
)


class _Group(NamedTuple):
    """A group with the text in front of it and behind it, which is repeated with it."""

    name: str
    regexp: str
    prefix: str = ""
    suffix: str = ""
    modifier: str = ""

    def __str__(self) -> str:
        """Return it as a regular expression."""
        before, after = re.escape(self.prefix), re.escape(self.suffix)
        if not self.name:
            return f"(?:{before}{after}){self.modifier}"
        if self.modifier in ("", "?"):
            return f"(?:{before}({self.regexp}){after}){self.modifier}"
        again = f"(?:{self.regexp})(?:{after}{before}(?:{self.regexp}))*"
        return f"(?:{before}({again}){after}){'?' if self.modifier == '*' else ''}"


class Component:
    """The pattern of a path, a query or a fragment, whatever the case."""

    def __init__(self, pattern: str, delimiter: str) -> None:
        """Compile a pattern; a name in it stands for text without the `delimiter`."""
        self._names: list[str] = []
        groups = list(_groups(pattern, delimiter))
        self._names = [group.name for group in groups if isinstance(group, _Group) and group.name]
        body = "".join(re.escape(each) if isinstance(each, str) else str(each) for each in groups)
        self._match = compile_regexp(f"(?is)^(?:{body})$").search

    def match(self, text: str) -> Mapping[str, str] | None:
        """Return the groups of a text that matches, or `None`."""
        found = self._match(text)
        if found is None:
            return None
        return dict(zip(self._names, (value or "" for value in found.groups()), strict=False))


def _groups(pattern: str, delimiter: str) -> Iterator[str | _Group]:
    """Split a pattern into text and groups."""
    any_text = f"[^{re.escape(delimiter)}]+?" if delimiter else ".+?"
    reader = _Reader(pattern, any_text)
    text = ""
    while reader.token is not None:
        if reader.has("open"):
            yield text
            text = ""
            yield reader.braced()
        elif reader.is_group:
            # A slash in front of a group belongs to it: both are there, or neither.
            prefix = delimiter if delimiter and text.endswith(delimiter) else ""
            yield text.removesuffix(prefix) if prefix else text
            text = ""
            yield reader.group(prefix)
        else:
            text += reader.text()
    yield text


class _Reader:
    """Reads a pattern token by token."""

    def __init__(self, pattern: str, any_text: str) -> None:
        self._tokens = list(_TOKEN.finditer(pattern))
        self._at = 0
        self._any_text = any_text
        self._count = 0

    @property
    def token(self) -> re.Match[str] | None:
        """The next token."""
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    @property
    def is_group(self) -> bool:
        """Whether a group comes next."""
        return self.token is not None and self.token.lastgroup in ("name", "regexp", "star")

    def has(self, kind: str) -> bool:
        """Take the next token if it is of this kind."""
        if self.token is None or self.token.lastgroup != kind:
            return False
        self._at += 1
        return True

    def text(self) -> str:
        """Take a character."""
        token = self._tokens[self._at]
        self._at += 1
        return token["escaped"] or token[0]

    def group(self, prefix: str = "", suffix: str = "") -> _Group:
        """Take a group, and how often it may be there."""
        name, regexp = self._named()
        return _Group(name, regexp, prefix, suffix, self._modifier())

    def _named(self) -> tuple[str, str]:
        token = self._tokens[self._at]
        self._at += 1
        name, regexp = token["name"], token["regexp"] or (".*" if token["star"] else None)
        if name is not None and self.token is not None and self.token["regexp"] is not None:
            regexp = self.token["regexp"]
            self._at += 1
        if name is None:
            name = str(self._count)
            self._count += 1
        return name, regexp or self._any_text

    def _modifier(self) -> str:
        token = self.token
        if token is None or not (token["modifier"] or token["star"]):
            return ""
        self._at += 1
        return token[0]

    def braced(self) -> _Group:
        """Take what is in braces, behind the opening one."""
        prefix = self._plain()
        name = regexp = ""
        if self.is_group:
            name, regexp = self._named()
        suffix = self._plain()
        self._at += 1
        return _Group(name, regexp, prefix, suffix, self._modifier())

    def _plain(self) -> str:
        text = ""
        while self.token is not None and self.token.lastgroup in ("char", "escaped"):
            text += self.text()
        return text
