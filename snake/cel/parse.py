"""Tokens to the parts of an expression, by precedence.

Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NoReturn

from snake.cel.errors import ExpressionError
from snake.cel.macros import GLOBAL, METHODS
from snake.cel.syntax import Call, Field, Foreign, ListOf, Literal, MapOf, Name, Node
from snake.cel.tokens import Token, tokens
from snake.cel.values import LARGEST_INT

DEEPEST = 100
"""How deep the parts of an expression may be nested, and how many operators of a kind joined."""

_LOGIC = {"||": "_||_", "&&": "_&&_"}
_OPERATORS: dict[str, tuple[int, str]] = {
    **{sign: (level, name) for level, (sign, name) in enumerate(_LOGIC.items())},
    **{sign: (2, f"_{sign}_") for sign in ("<", "<=", ">=", ">", "==", "!=")},
    "in": (2, "@in"),
    **{sign: (3, f"_{sign}_") for sign in "+-"},
    **{sign: (4, f"_{sign}_") for sign in "*/%"},
}
"""How strong an operator binds, and its name."""

_NONE = (-1, "")
_RESERVED = frozenset(
    {
        *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "let"),
        *("loop", "package", "namespace", "return", "var", "void", "while"),
    }
)


def parse(text: str, foreign: Collection[str] = ()) -> Node:
    """Read an expression; calls of `foreign` functions are left to the host.

    Raises `ExpressionError`.
    """
    parser = _Parser(tokens(text), foreign)
    node = parser.expression()
    if parser.token.kind != "end":
        parser.unexpected()
    return node


class _Parser:
    """Each method reads what its name says, and all that binds stronger."""

    def __init__(self, found: list[Token], foreign: Collection[str]) -> None:
        self._tokens = found
        self._foreign = foreign
        self._at = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self._tokens[self._at]

    def unexpected(self, wanted: str = "") -> NoReturn:
        """Refuse the next token."""
        found = f'"{self.token.text}"' if self.token.text else "the end of the expression"
        problem = f"expected {wanted} instead of {found}" if wanted else f"unexpected {found}"
        raise ExpressionError(problem, self.token.at)

    def _next(self) -> Token:
        token = self.token
        self._at += 1
        return token

    def _take(self, *texts: str) -> str:
        token = self.token
        if token.kind != "operator" or token.text not in texts:
            return ""
        self._at += 1
        return token.text

    def _expect(self, text: str) -> None:
        if not self._take(text):
            self.unexpected(f'"{text}"')

    def _deeper(self, by: int = 1) -> None:
        self._depth += by
        if self._depth > DEEPEST:
            raise ExpressionError("the expression is nested too deep", self.token.at)

    def expression(self) -> Node:
        """Read `condition ? one : other`, or less."""
        self._deeper()
        at = self.token.at
        node = self._operation(0)
        if self._take("?"):
            one = self._operation(0)
            self._expect(":")
            node = Call(at, "_?_:_", (node, one, self.expression()))
        self._depth -= 1
        return node

    def _operation(self, weakest: int) -> Node:
        """Read values that operators join which bind at least so strong."""
        at = self.token.at
        node = self._unary()
        length = 0
        while True:
            level, name = _OPERATORS.get(self.token.text, _NONE)
            if level < weakest or self.token.kind != "operator":
                self._depth -= length
                return node
            self._at += 1
            right = self._operation(level + 1)
            if level < len(_LOGIC) and isinstance(node, Call) and node.function == name:
                # However many conditions there are, they are no deeper.
                node = Call(at, name, (*node.arguments, right))
            else:
                length += 1
                self._deeper()
                node = Call(at, name, (node, right))

    def _unary(self) -> Node:
        at = self.token.at
        if not (sign := self._take("!", "-")):
            return self._member()
        count = 1
        while self._take(sign):
            count += 1
        if self.token.kind == "operator" and self.token.text in ("!", "-"):
            self.unexpected("a value")
        if sign == "-" and type(self.token.value) in (int, float):
            count -= 1
            token = self.token
            self._tokens[self._at] = token._replace(value=-token.value)  # type: ignore[operator]
        node = self._member()
        return Call(at, f"{sign}_", (node,)) if count % 2 else node

    def _member(self) -> Node:
        at = self.token.at
        node = self._primary()
        length = 0
        while sign := self._take(".", "["):
            length += 1
            self._deeper()
            if sign == "[":
                node = Call(at, "_[_]", (node, self.expression()))
                self._expect("]")
            else:
                node = self._field(node, at)
        self._depth -= length
        return node

    def _field(self, node: Node, at: int) -> Node:
        if self.token.kind != "name":
            self.unexpected("a name")
        name = self._next()
        if not self._take("("):
            return Field(at, node, name.text)
        arguments = self._arguments(")")
        expand = METHODS.get((name.text, len(arguments))) or METHODS.get((name.text, -1))
        expanded = expand(name.at, node, arguments) if expand else None
        return expanded or Call(name.at, name.text, arguments, node)

    def _arguments(self, closing: str) -> tuple[Node, ...]:
        found: list[Node] = []
        while not self._take(closing):
            if found:
                self._expect(",")
                # A list may end in a comma, the arguments of a function may not.
                if closing == "]" and self._take(closing):
                    break
            found.append(self.expression())
        return tuple(found)

    def _primary(self) -> Node:
        token = self._next()
        match token.kind, token.text:
            case "literal", _:
                return self._literal(token)
            case "name", _:
                return self._named(token)
            case "operator", "(":
                node = self.expression()
                self._expect(")")
                return node
            case "operator", "[":
                return ListOf(token.at, self._arguments("]"))
            case "operator", "{":
                return MapOf(token.at, self._entries())
        if token.text != "." or self.token.kind != "name":
            self._at -= 1
            self.unexpected("a value")
        return self._named(self._next())

    def _literal(self, token: Token) -> Node:
        if type(token.value) is int and not -LARGEST_INT - 1 <= token.value <= LARGEST_INT:
            raise ExpressionError("invalid int literal", token.at)
        return Literal(token.at, token.value)

    def _entries(self) -> tuple[tuple[Node, Node], ...]:
        found: list[tuple[Node, Node]] = []
        while not self._take("}"):
            if found:
                self._expect(",")
                if self._take("}"):
                    break
            key = self.expression()
            self._expect(":")
            found.append((key, self.expression()))
        return tuple(found)

    def _named(self, token: Token) -> Node:
        if token.text in _RESERVED:
            raise ExpressionError(f'"{token.text}" is a reserved word', token.at)
        if not self._take("("):
            return Name(token.at, token.text)
        arguments = self._arguments(")")
        if token.text in self._foreign:
            return Foreign(token.at, token.text, arguments)
        expand = GLOBAL.get((token.text, len(arguments)))
        return expand(token.at, arguments) if expand else Call(token.at, token.text, arguments)
