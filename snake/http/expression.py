"""Expressions in CEL about a request: `{method} == "POST" && path("/api/*")`.

Placeholders are values, and matchers are functions. Source:
https://caddyserver.com/docs/caddyfile/matchers#expression.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from snake.cel.compile import compile_expression
from snake.cel.errors import EvaluationError, ExpressionError
from snake.cel.part import Run
from snake.cel.syntax import Call, Foreign, ListOf, Literal, MapOf, Name, Node
from snake.cel.types import ANY, BOOL, Type
from snake.cel.values import Map, adapt
from snake.core.errors import ConfigError, SnakeError
from snake.core.modules import Context
from snake.http.errors import HandlerError, PlainError
from snake.http.matcher import MAP, Matcher, MatcherModule
from snake.http.null import NULL
from snake.http.placeholders import lookup
from snake.http.request import Request

T = TypeVar("T")

PLACEHOLDER = "ph"
"""The function that stands for a placeholder: `ph(req, "http.request.method")`."""

# The very expressions of Caddy, which know nothing of strings: "{path}" in quotes is a fault.
_PLACEHOLDER = re.compile(r"([^\\]|^)\{([a-zA-Z][\w.-]+)\}", re.ASCII)
_ESCAPED = re.compile(r"\\\{([a-zA-Z][\w.-]+)\}", re.ASCII)


def compile_matcher(ctx: Context, text: str, name: str) -> Matcher:
    """Compile an expression; `name` is that of its matcher. Raises `ConfigError`."""
    expanded, place = _expand(text)
    try:
        part = compile_expression(expanded, _Requests(ctx, name))
    except ExpressionError as error:
        raise ctx.fail(f"{error.problem} {place(error.at)}") from None
    if part.type != BOOL:
        raise ctx.fail(f"the expression {text!r} is {part.type}; it has to be true or false")
    return _matcher(part.run)


def _matcher(run: Run) -> Matcher:
    def match(request: Request) -> bool:
        try:
            return run(request, ()) is True
        except EvaluationError as error:
            raise PlainError(str(error)) from error

    return match


def _expand(text: str) -> tuple[str, Callable[[int], str]]:
    """Put calls in the place of placeholders; also return what tells places of the old text."""
    parts: list[str] = []
    starts, origins = [0], [0]
    length = end = 0

    def add(part: str, origin: int) -> None:
        nonlocal length
        parts.append(part)
        starts.append(length)
        origins.append(origin)
        length += len(part)

    for found in _PLACEHOLDER.finditer(text):
        add(text[end : found.end(1)], end)
        add(f'{PLACEHOLDER}(req, "{found[2]}")', found.end(1))
        end = found.end()
    add(text[end:], end)

    def place(at: int) -> str:
        number = bisect_right(starts, at) - 1
        is_call = parts[number - 1].startswith(f"{PLACEHOLDER}(req, ") if number else False
        origin = origins[number] + (0 if is_call else at - starts[number])
        return f"at position {min(origin, len(text)) + 1} of the expression {text!r}"

    return _ESCAPED.sub(r"{\1}", "".join(parts)), place


class _Requests:
    """What expressions know of requests: placeholders, and matchers that can be called."""

    variable = "req"

    def __init__(self, ctx: Context, name: str) -> None:
        self._ctx = ctx
        self._name = name
        self._made = lru_cache(maxsize=256)(self._make)
        self.functions: Mapping[str, Type] = _Functions(ctx)

    def arguments(self, call: Foreign) -> Sequence[Node]:
        """Return the arguments of a placeholder or a matcher. Raises `ExpressionError`."""
        if call.function == PLACEHOLDER:
            return _name_of_placeholder(call)
        shape = _class_of(self._ctx, call.function).call or MAP
        if shape.is_map and len(call.arguments) == 1 and isinstance(call.arguments[0], MapOf):
            _check_map(call.arguments[0])
            return call.arguments
        count = len(call.arguments)
        if not shape.is_text or not shape.least <= count <= (shape.most or count):
            raise ExpressionError(f"{call.function}() takes {shape}", call.at)
        for argument in call.arguments:
            _check_text(argument, "matcher arguments must be string constants")
        return call.arguments

    def bind(self, function: str, values: Sequence[object]) -> Run:
        """Return what gives the value of a placeholder, or what a matcher says."""
        if function == PLACEHOLDER:
            return _placeholder(values[0])
        return self._made(function, msgspec.json.encode([_plain(value) for value in values]))

    def _make(self, function: str, arguments: bytes) -> Run:
        try:
            module = _class_of(self._ctx, function).from_call(
                msgspec.json.decode(arguments), self._name
            )
            match = _now(module.provision(self._ctx))
        except ConfigError as error:
            raise EvaluationError(error.message) from None
        except SnakeError as error:
            raise EvaluationError(str(error)) from None

        def run(request: Request, _: object) -> bool:
            try:
                return match(request)
            except HandlerError as error:
                raise EvaluationError(error.message) from error

        return run


class _Functions(Mapping[str, Type]):
    """The types of all functions, those of plugins too, which are looked up as they are named."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def __getitem__(self, name: str) -> Type:
        return ANY if name == PLACEHOLDER else BOOL

    def __contains__(self, name: object) -> bool:
        if name == PLACEHOLDER:
            return True
        return (
            f"http.matchers.{name}" in self._ctx.registry
            and _class_of(self._ctx, str(name)).call is not None
        )

    def __iter__(self) -> Any:  # noqa: ANN401
        return iter([PLACEHOLDER, *self._ctx.registry.names("http.matchers")])

    def __len__(self) -> int:
        return len(list(iter(self)))


def _class_of(ctx: Context, name: str) -> type[MatcherModule]:
    return ctx.registry.get(f"http.matchers.{name}")  # type: ignore[return-value]


def _name_of_placeholder(call: Foreign) -> Sequence[Node]:
    match call.arguments:
        case [Name(name="req"), name]:
            return [name]
        case _:
            raise ExpressionError(
                f"{PLACEHOLDER}() takes req and the name of a placeholder", call.at
            )


def _check_map(of: MapOf) -> None:
    for key, value in of.entries:
        _check_text(key, "matcher map keys must be string literals")
        for item in value.items if isinstance(value, ListOf) else (value,):
            _check_text(item, "matcher map values must be string or list literals")


def _check_text(node: Node, problem: str) -> None:
    """Refuse what is neither a string, nor a placeholder, nor put together from such."""
    match node:
        case Literal(value=str()) | Foreign(function="ph"):
            return
        case Call(function="_+_", arguments=arguments):
            for each in arguments:
                _check_text(each, problem)
        case _:
            raise ExpressionError(problem, node.at)


def _placeholder(name: object) -> Run:
    if not isinstance(name, str):
        raise EvaluationError(f"invalid placeholder variable name to {PLACEHOLDER}()")
    get = lookup(name)
    if get is None:
        return lambda _, __: None

    def value(request: Request, _: object) -> object:
        given = get(request)
        if type(given) is str:
            return given
        return None if given is NULL else adapt(given)

    return value


def _plain(value: object) -> object:
    """Return a value as JSON has it: a text, or a map."""
    return dict(value.items()) if isinstance(value, Map) else value


def _now(work: Coroutine[Any, Any, T]) -> T:
    """Run what waits for nothing, as to provision a matcher does."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    work.close()
    raise EvaluationError("a matcher that has to wait cannot be called in an expression")
