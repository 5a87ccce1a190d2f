"""Anything at all makes a configuration or one error, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snake.adapter.adapt import adapt
from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.text import repaired
from snake.config.document import encode
from snake.standard import catalogue
from tests.fuzz.language import ENVIRON, Language, write_files

CORPUS = [
    file.read_bytes()
    for file in sorted((Path(__file__).parents[1] / "differential/adapt").glob("*.Caddyfile"))
]
PIECES = [
    *(b"{", b"}", b'"', b"`", b"<<E", b"\n", b" ", b"\\", b"#", b",", b"*", b"/", b"@a", b"@"),
    *(b"{block}", b"{args[0]}", b"{args[:]}", b"{blocks.a}", b"import ", b"(a) {\n", b"{$A:b}"),
    *(b"{args[-1]}", b"{args.0}", b"import line\n", b"import d/*\n", b"&(a) {\n", b"invoke a\n"),
    *(b"{}", b"\\\n", b"<<E\n", b"\tE\n", b"}\n}\n", b" }", b"{ ", b"import half\n", b"\xc2\x85"),
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


@pytest.fixture(autouse=True, scope="module")
def _files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("files")
    write_files(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in ENVIRON.items():
            patch.setenv(name, value)
        yield


def check(data: bytes) -> None:
    """Adapt, and accept a document that can be written, or one error with its place."""
    try:
        document, _ = adapt(repaired(data.decode("utf-8", "surrogateescape")), "Caddyfile", WORDS)
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
@given(st.integers(0, 2**32))
def test_every_shape_of_the_language(seed: int) -> None:
    """Nor do snippets, imports, heredocs and braces in shapes that nobody would write."""
    check(Language(seed).caddyfile().encode())


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
