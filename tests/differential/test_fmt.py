"""The same text, formatted by Caddy and by snake."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner

from snake.caddyfile import format as layout
from snake.caddyfile.format import format_caddyfile
from snake.cli.main import snake
from tests import caddy

ADAPTED = sorted((Path(__file__).parent / "adapt").glob("*.Caddyfile"))
WORDS = [
    *("a", "respond", "import", "import x", "(x)", "@m", "http://a.com,", "*.a", "-", "$", "é"),
    *("{x}", "{$X}", "{$X:{$Y}}", "a{x}b", "{args[0]}", "{", "}", "{$", "{}", "}}", "{{", "};"),
    *('"q  q"', '"q\n  {', '"', 'a"  b"', r'"\"  "', '"`  "', "`b  {`", "`\n  b", "`", "a`  `"),
    *("#c  {", "a#b", "#", "# c\n", "# <<E\r\n", "\\", "\\{", "\\\n", "\\<", "\\`", '\\"'),
    *("<", "<<", "<<<", "a<", "<a", "<<E", "<<E\n", "<<E\n  b {\n  E", "<<E\r\n", "E", "\nE\n"),
    *("<<a-b_1\n a\n\ta-b_1", "<<E!\n", "<<É\nÉ\n", "\\<<E\n", "\ufeff", "\u2028", "\0", "\x1f"),
]
GAPS = [*[" ", "\n", ""] * 4, "  ", "\t", "\n\n", "\n\n\n\n", "\r\n", "\r", "\xa0", "\u3000", "\f"]
BLOCKS = [" {\n", "{\n", "\n{\n", " {", "\n}\n", "\n\t}\n\n", " }\n", "\n} "]


def page(rng: random.Random, most: int) -> bytes:
    """Return random words, gaps and braces, with a byte here and there that is no UTF-8."""
    parts = [
        rng.choice(rng.choice((WORDS, GAPS, GAPS, BLOCKS))) for _ in range(rng.randrange(most))
    ]
    data = "".join(parts).encode()
    at = rng.randrange(len(data) + 1)
    return data[:at] + b"\xe2\x82" + data[at:] if rng.random() < 0.1 else data


def pages() -> Iterator[bytes]:
    """Return many short texts in a few long ones, and some short ones."""
    rng = random.Random(2011)
    for _ in range(24):
        yield b"\n".join(page(rng, 12) for _ in range(20))
    for _ in range(24):
        yield page(rng, 12)
    yield b"".join(page(rng, 40) for _ in range(200))


def formatted(data: bytes) -> bytes:
    """Return what snake makes of a text."""
    return format_caddyfile(data.decode("utf-8", "surrogateescape")).encode()


def by_caddy(data: bytes) -> bytes:
    """Return what Caddy makes of a text."""
    return subprocess.run(
        [caddy.binary(), "fmt", "-"], input=data, capture_output=True, check=True, timeout=20
    ).stdout


@pytest.mark.parametrize("data", list(pages()), ids=lambda data: f"{len(data)} bytes")
def test_random_texts(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a text is made of, both print the same bytes."""
    expected = by_caddy(data)

    assert formatted(data) == expected
    monkeypatch.setattr(layout, "LARGE", 0)
    assert formatted(data) == expected


def test_caddyfiles() -> None:
    """What adapts is formatted in the same way too, also when it was mangled or joined."""
    texts = [file.read_bytes() for file in ADAPTED]
    joined = b"\n\n".join(texts)
    mangled = joined.replace(b"\t", b"    ").replace(b"\n", b"\n\n\n").replace(b" {", b"\t{")

    for data in (joined, mangled, by_caddy(joined)):
        assert formatted(data) == by_caddy(data)


FILES = {
    "formatted": b"a {\n\tb\n}\n",
    "spaces": b"a {\n\tb\n    c\n}\n",
    "brace": b"a{\n}\n",
    "windows": b"a {\r\n\tb\r\n}\r\n",
    "windows, not formatted": b"a {\r\n  b\r\n}\r\n",
    "no line end": b"a {\n\tb\n}",
    "more line ends": b"a {\n\tb\n}\n\n\n",
    "lines before": b"\n\na\n",
    "empty": b"",
    "a line end": b"\n",
    "only spaces": b" \n ",
    "the same lines": b"a\n a\n\n\n\n a\n}\n\n}\na\n  b {\n\na\n\n}\n}\n a\n",
    "no line the same": b" a\n  b\n c  d\n",
}


NO_UTF_8 = b"a\nb\xff\n"
"""What `--overwrite` refuses, and Caddy spoils."""


@pytest.mark.parametrize(
    ("data", "options"),
    [
        *product(FILES.values(), ([], ["--diff"], ["-w"], ["-d", "-w"])),
        *product([NO_UTF_8], ([], ["--diff"])),
    ],
)
def test_files(
    data: bytes, options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Output, exit code, the line that the message names, and what is in the file are the same."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "Caddyfile"
    file.write_bytes(data)
    ours = CliRunner().invoke(snake, ["fmt", *options])
    left = file.read_bytes()
    file.write_bytes(data)

    theirs = subprocess.run(
        [caddy.binary(), "fmt", *options], capture_output=True, check=False, timeout=20
    )

    assert ours.stdout_bytes == theirs.stdout
    assert ours.exit_code == theirs.returncode
    assert left == file.read_bytes()
    assert str(ours.exception or "") in theirs.stderr.decode()


def test_differences_of_random_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the ways to tell two texts apart, both choose the same."""
    monkeypatch.chdir(tmp_path)
    rng = random.Random(7)
    lines = ["a", " a", "b {", "\tb", "}", "", "", "\ta", "c  c", "c c"]
    for _ in range(12):
        text = "\n".join(rng.choices(lines, k=rng.randint(3, 80)))
        Path("Caddyfile").write_text(text)
        theirs = subprocess.run(
            [caddy.binary(), "fmt", "-d"], capture_output=True, check=False, timeout=20
        )

        assert CliRunner().invoke(snake, ["fmt", "-d"]).stdout_bytes == theirs.stdout
