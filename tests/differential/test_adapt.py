"""The same Caddyfile, adapted by Caddy and by snake."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from snake.adapter.adapt import adapt
from snake.caddyfile.errors import CaddyfileError
from snake.cli.adapt import as_text
from snake.standard import catalogue
from tests import caddy

HERE = Path(__file__).parent
ENVIRON = {
    "SNAKE_TEST_WORD": "word",
    "SNAKE_TEST_EMPTY": "",
    "SNAKE_TEST_TOKENS": 'Name "a value"',
    "SNAKE_TEST_LINES": "header A b\n\trespond c",
    "SNAKE_TEST_NESTED": "{$SNAKE_TEST_WORD}",
}


def _files(folder: str) -> list[Path]:
    return sorted(Path(HERE, folder).glob("*.Caddyfile"))


def _environment(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.chdir(folder)
    for name in [name for name in os.environ if name.startswith("SNAKE_TEST_")]:
        monkeypatch.delenv(name)
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("file", _files("adapt"), ids=lambda file: file.stem)
def test_both_print_the_same_json(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What snake makes of a Caddyfile equals what Caddy makes of it."""
    _environment(monkeypatch, file.parent)
    text = file.read_bytes().decode()

    document, _ = adapt(text, file.name, catalogue())

    theirs = caddy.adapt(file, ENVIRON, pretty=True)
    assert not theirs.refused, theirs.error
    assert as_text(document, pretty=True) == theirs.text.rstrip("\n")


@pytest.mark.parametrize("file", _files("refuse"), ids=lambda file: file.stem)
def test_both_refuse(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Caddy refuses, snake refuses, and says where it stands."""
    _environment(monkeypatch, file.parent)
    text = file.read_bytes().decode()

    with pytest.raises(CaddyfileError) as raised:
        adapt(text, file.name, catalogue())

    assert str(raised.value).startswith(f"{raised.value.file}:{raised.value.line}: ")
    assert raised.value.line >= 1
    assert caddy.adapt(file, ENVIRON).refused
