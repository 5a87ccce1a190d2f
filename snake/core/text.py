"""Text: what a file says, and what may be shown of it on a terminal."""

from __future__ import annotations

from snake.core.errors import SnakeError

SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""White space as Go's `unicode.IsSpace` has it; Python's is more."""

_CONTROL = {
    **{code: 0x2400 + code for code in range(0x20)},
    0x7F: 0x2421,
    # C1 controls, and what turns the direction of writing around.
    **dict.fromkeys([*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD),
}
del _CONTROL[ord("\t")], _CONTROL[ord("\n")]


def visible(text: str) -> str:
    """Show control characters as their pictures, each as wide as any letter: ESC is `␛`."""
    return text.translate(_CONTROL)


def decode_utf8(data: bytes, file: str) -> str:
    """Return what is in a file. Raises `SnakeError` with the line that is not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = len(data[: error.start].rpartition(b"\n")[2].decode()) + 1
        raise SnakeError(
            f"{file}:{line}:{column}: the byte 0x{data[error.start]:02x} is not UTF-8; "
            "save the file in that encoding"
        ) from None
