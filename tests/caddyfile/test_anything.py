"""Anything at all makes a configuration or one error, and nothing else."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snake.adapter.adapt import adapt
from snake.caddyfile.errors import CaddyfileError
from snake.config.document import encode
from snake.standard import catalogue

CORPUS = [
    file.read_bytes()
    for file in sorted((Path(__file__).parents[1] / "differential/adapt").glob("*.Caddyfile"))
]
PIECES = [
    *(b"{", b"}", b'"', b"`", b"<<E", b"\n", b" ", b"\\", b"#", b",", b"*", b"/", b"@a", b"@"),
    *(b"{block}", b"{args[0]}", b"{args[:]}", b"{blocks.a}", b"import ", b"(a) {\n", b"{$A:b}"),
    *(
        b"not ",
        b"://",
        b":",
        b"[",
        b"]",
        b"0",
        b"-1",
        b"9" * 5000,
        b"\0",
        b"\xff",
        b"\r",
        b"{path}",
    ),
]
WORDS = catalogue()
bounded = settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)


def check(data: bytes) -> None:
    """Adapt, and accept a document that can be written, or one error with its place."""
    try:
        document, _ = adapt(data.decode("utf-8", "replace"), "Caddyfile", WORDS)
    except CaddyfileError as error:
        place = f"{error.file}:{error.line}: "
        assert str(error).startswith(place)  # noqa: PT017  (either outcome is right)
    else:
        assert encode(document).startswith(b"{")


@bounded
@given(st.binary(max_size=200))
def test_random_bytes(data: bytes) -> None:
    """Bytes that are no Caddyfile at all never end in a traceback."""
    check(data)


@bounded
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_random_pieces(pieces: list[bytes]) -> None:
    """Nor do the pieces of a Caddyfile in any order."""
    check(b"".join(pieces))


@bounded
@given(st.data())
def test_broken_caddyfiles(data: st.DataObject) -> None:
    """Nor does a good Caddyfile with pieces put in, taken out or moved."""
    text = bytearray(data.draw(st.sampled_from(CORPUS)))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 8))
        text[at : at + cut] = data.draw(st.sampled_from(PIECES))

    check(bytes(text))
