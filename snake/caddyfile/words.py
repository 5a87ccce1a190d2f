"""Words: the lines of a block, read word after word as Caddy's parsers read them.

Those know tokens and not lines: what a subdirective leaves on its line is read as
the next subdirective, which the word then is or is not, and a brace where none
belongs is a subdirective that nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TypeVar

from msgspec.structs import replace

from snake.caddyfile.segments import Segment, Token
from snake.core.errors import SnakeError
from snake.core.suggest import suggestion

T = TypeVar("T")


class Words:
    """One subdirective: its name, and what is left of its line and its block."""

    __slots__ = ("_block", "_left", "name", "token")

    def __init__(self, line: Segment) -> None:
        self.token = line.words[0]
        self.name = self.token.text
        self._left = line.args
        self._block = line.block

    @property
    def has_arguments(self) -> bool:
        """Whether anything is left of the line."""
        return bool(self._left)

    def take(self, what: str = "") -> Token:
        """Take the next argument. Rejects the line when there is none."""
        if not self._left:
            self.token.fail(f"{self.name} takes {what or 'an argument'}")
        first, *rest = self._left
        self._left = tuple(rest)
        return first

    def only(self, what: str = "") -> Token:
        """Take the argument of a line that has exactly one."""
        return self.exactly(1, what)[0]

    def exactly(self, count: int, what: str = "") -> tuple[Token, ...]:
        """Take all arguments of a line that has so many."""
        given = self.all()
        if len(given) != count:
            place = given[count] if len(given) > count else self.token
            expected = what or ("one argument" if count == 1 else f"{count} arguments")
            place.fail(f"{self.name} takes {expected}, got {len(given)}")
        return given

    def value(self, read: Callable[[str], T]) -> T:
        """Return what `read` makes of the argument of a line that has exactly one."""
        return self.read(self.only(), read)

    def read(self, token: Token, read: Callable[[str], T]) -> T:
        """Return what `read` makes of an argument. Rejects the argument with its error."""
        try:
            return read(token.text)
        except SnakeError as error:
            token.fail(f"{self.name}: {error}")

    def all(self) -> tuple[Token, ...]:
        """Take all arguments, if there are any."""
        left, self._left = self._left, ()
        return left

    def some(self, what: str = "") -> tuple[Token, ...]:
        """Take all arguments. Rejects the line when there is none."""
        return (self.take(what), *self.all())

    def none(self) -> None:
        """Reject any argument."""
        if self._left:
            self._left[0].fail(f"{self.name} takes no argument, got {self._left[0]}")

    def rest(self) -> Segment:
        """Take the rest of the line, with its block and under the name of the subdirective."""
        left, self._left = self._left, ()
        block, self._block = self._block, None
        return Segment((self.token, *left), block)

    def guest(self) -> Segment:
        """Take the rest of the line as one of its own: a module's name, arguments and block.

        A block with nothing in it is none, as Caddy has it of all that it hands on.
        """
        line = self.rest().rest
        return Segment(line.words, line.block or None)

    def block(self) -> Segment:
        """Take the block alone. There is none after an argument that was not taken."""
        block = None
        if not self._left:
            block, self._block = self._block, None
        return Segment((self.token,), block)

    def untaken(self) -> Segment:
        """Return the words and the block that were not taken; there may be no word."""
        return Segment(self._left, self._block)

    @property
    def closes(self) -> bool:
        """Whether all that was not taken is a brace: then it closes the block."""
        return len(self._left) == 1 and self._left[0].closes and self._block is None

    def left(self) -> Segment | None:
        """Return what was not taken as another line, if there is any. Rejects a lone block."""
        if self._left:
            return Segment(_without_brace(self._left), self._block)
        if self._block is not None:
            self.token.fail(f"{self.name} takes no block")
        return None


def subdirectives(line: Segment, known: Collection[str] | None = None) -> Iterator[Words]:
    """Yield the subdirectives in a line's block, to be read before the next is asked for.

    Rejects names that are not among the known ones, if any are; `@` among them is every
    name that begins so.
    """
    for inner in line.lines:
        left: Segment | None = inner
        while left is not None:
            if known is not None and _known_as(left.name, known) not in known:
                near = suggestion(left.name, known)
                left.words[0].fail(
                    f"{line.name}: unrecognized subdirective: {left.name}{near}",
                    f"{line.name} knows: {', '.join(known)}" if known and not near else "",
                )
            words = Words(left)
            yield words
            if words.closes:
                return
            left = words.left()


def _without_brace(words: tuple[Token, ...]) -> tuple[Token, ...]:
    """Skip a brace that closes nothing, since words follow it on its line."""
    return words[1:] if words[0].closes and len(words) > 1 else words


def _known_as(name: str, known: Collection[str]) -> str:
    return "@" if name.startswith("@") and "@" in known else name


def take_out(line: Segment, readers: Mapping[str, Callable[[Words], None]]) -> Segment:
    """Read some subdirectives of a block; return the line without them.

    A word that is the name of one is read as that wherever it stands on a line, as
    Caddy does with the directives that are short for another with a longer block.
    """
    kept = (_take_out(inner, readers) for inner in line.lines)
    block = None if line.block is None else tuple(inner for inner in kept if inner is not None)
    return replace(line, block=block)


def _take_out(line: Segment, readers: Mapping[str, Callable[[Words], None]]) -> Segment | None:
    kept: list[Token] = []
    rest = line
    while rest.words:
        if rest.name not in readers:
            kept.append(rest.words[0])
            rest = Segment(rest.args, rest.block)
            continue
        words = Words(rest)
        readers[rest.name](words)
        rest = words.untaken()
    if not kept and rest.block is not None:
        line.words[0].fail(f"{line.name} takes no block")
    return Segment(tuple(kept), rest.block) if kept else None


def unchecked(line: Segment) -> Iterator[Words]:
    """Yield the subdirectives in a block of which no name is refused.

    Caddy's parsers see neither lines nor blocks: where they take any word for the name
    of something, the braces of a block inside are such words, and what is in it too.
    """
    for inner in line.lines:
        rest = inner
        while True:
            words = Words(rest)
            yield words
            if words.closes:
                return
            rest = words.rest()
            if not rest.args:
                break
            rest = Segment(_without_brace(rest.args), rest.block)
        if rest.block is not None:
            brace = replace(rest.words[0], quote="")
            yield Words(Segment((replace(brace, text="{"),)))
            yield from unchecked(rest)
            yield Words(Segment((replace(brace, text="}"),)))
