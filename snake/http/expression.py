"""Expressions: the part of CEL that compares placeholders, compiled to one function.

Values are strings, integers and booleans, and `==` between different kinds is
false, as in CEL. An order between different kinds (a string and a number, or a
placeholder that this request does not know) is an error, which ends the request
with a 500.

Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from snake.core.errors import SnakeError
from snake.http.errors import HandlerError
from snake.http.placeholders import lookup
from snake.http.request import Request

Value = Callable[[Request], Any]
"""A part of an expression: its value for a request."""

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<placeholder>\{[a-zA-Z][\w.-]+\})
    | (?P<number>-?\d+)(?![\w.])
    | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<word>[A-Za-z_]\w*)
    | (?P<operator>&&|\|\||==|!=|<=|>=|[<>!()\[\],])
    )""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'", "`": "`", "?": "?"}
_WORDS = {"true": True, "false": False}
_EQUAL = {"==": True, "!=": False}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
MAX_DEPTH = 100
"""Parentheses and negations may be nested this deep."""


class ExpressionError(SnakeError):
    """An expression that is wrong, or has a part of CEL that is not available."""


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


class _Part(NamedTuple):
    """A part, and whether its value is sure to be a boolean."""

    value: Value
    boolean: bool


def compile_expression(text: str) -> Callable[[Request], bool]:
    """Compile an expression. Raises `ExpressionError` with the position, from 1."""
    parser = _Parser(text)
    part = parser.either()
    if parser.token.kind != "end":
        parser.fail("unexpected")
    if not part.boolean:
        raise ExpressionError(
            f"the expression {text!r} is no comparison; it has to be true or false"
        )
    return part.value


class _Parser:
    """Descends from `||` to single values; each method reads what its name says."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._depth = 0
        self._at = 0

    @property
    def token(self) -> _Token:
        return self._tokens[self._at]

    def fail(self, problem: str) -> NoReturn:
        token = self.token
        found = f'"{token.text}"' if token.text else "end"
        raise ExpressionError(
            f"{problem} {found} at position {token.at + 1} of the expression {self._text!r}"
        )

    def _take(self, *texts: str) -> str:
        token = self.token
        if token.kind not in ("operator", "word") or token.text not in texts:
            return ""
        self._at += 1
        return token.text

    def _expect(self, text: str) -> None:
        if not self._take(text):
            self.fail(f'expected "{text}" instead of')

    def either(self) -> _Part:
        part = self.both()
        while self._take("||"):
            part = self._join(part, self.both(), lambda a, b: lambda r: a(r) or b(r))
        return part

    def both(self) -> _Part:
        part = self.relation()
        while self._take("&&"):
            part = self._join(part, self.relation(), lambda a, b: lambda r: a(r) and b(r))
        return part

    def _join(self, a: _Part, b: _Part, join: Callable[[Value, Value], Value]) -> _Part:
        if not (a.boolean and b.boolean):
            self.fail("only comparisons can be joined by && and ||, before")
        return _Part(join(a.value, b.value), boolean=True)

    def relation(self) -> _Part:
        left = self.unary()
        if sign := self._take(*_EQUAL):
            return _Part(
                _equality(left.value, self.unary().value, equal=_EQUAL[sign]), boolean=True
            )
        if sign := self._take(*_ORDER):
            return _Part(_order(left.value, self.unary().value, sign), boolean=True)
        if self._take("in"):
            return _Part(_membership(left.value, self.list()), boolean=True)
        return left

    def unary(self) -> _Part:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self.fail("the expression is nested too deep, at")
        part = self._negation() if self._take("!") else self._single()
        self._depth -= 1
        return part

    def _negation(self) -> _Part:
        part = self.unary()
        if not part.boolean:
            self.fail("only a comparison can be negated, before")
        return _Part(lambda request: not part.value(request), boolean=True)

    def _single(self) -> _Part:
        if self._take("("):
            part = self.either()
            self._expect(")")
            return part
        kind, text, _ = self.token
        if kind == "word" and text not in _WORDS:
            self.fail("not available in expressions:")
        if kind in ("operator", "end"):
            self.fail("expected a value instead of")
        self._at += 1
        if kind == "placeholder":
            return _Part(lookup(text[1:-1]) or _unknown, boolean=False)
        return _constant(kind, text)

    def list(self) -> list[Value]:
        self._expect("[")
        items: list[Value] = []
        while not self._take("]"):
            if items:
                self._expect(",")
            items.append(self._single().value)
        return items


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise ExpressionError(
                f'not available in expressions: "{text[at]}" at position {at + 1} '
                f"of the expression {text!r}"
            )
        kind = match.lastgroup or ""
        tokens.append(_Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return [*tokens, _Token("end", "", len(text))]


def _constant(kind: str, text: str) -> _Part:
    value: object = text
    if kind == "number":
        value = int(text)
    elif kind == "string":
        value = _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[0]), text[1:-1])
    elif kind == "word":
        value = _WORDS[text]
    return _Part(lambda _: value, boolean=kind == "word")


def _unknown(_: Request) -> None:
    """Return the value of a placeholder that nothing knows."""


def _same(left: object, right: object) -> bool:
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _equality(left: Value, right: Value, *, equal: bool) -> Value:
    return lambda request: _same(left(request), right(request)) is equal


def _membership(left: Value, items: list[Value]) -> Value:
    def member(request: Request) -> bool:
        value = left(request)
        return any(_same(value, item(request)) for item in items)

    return member


def _order(left: Value, right: Value, sign: str) -> Value:
    compare = _ORDER[sign]

    def ordered(request: Request) -> bool:
        try:
            return compare(left(request), right(request))
        except TypeError:
            raise HandlerError(500, f"no such overload: {sign} between different kinds") from None

    return ordered
