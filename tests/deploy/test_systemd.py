"""The units of systemd, as far as it can tell without running them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

from tests.server import ROOT

UNITS = ROOT / "deploy/systemd"
EXPOSURE = 20
"""Tenths of what `systemd-analyze security` gives: 0 is shut in, 100 is exposed."""

pytestmark = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="there is no systemd-analyze"
)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Return a folder with the units, for the snake that is tested: verify wants it to be there."""
    snake = str(Path(sys.executable).with_name("snake"))
    for path in UNITS.iterdir():
        text = path.read_text().replace("/opt/snake/bin/snake", snake)
        (tmp_path / path.name).write_text(text)
    return tmp_path


def analyze(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `systemd-analyze` in a folder."""
    return subprocess.run(
        ["systemd-analyze", *words], cwd=folder, capture_output=True, text=True, check=False
    )


def test_systemd_has_no_word_on_them(units: Path) -> None:
    """Every unit is read whole, with nothing unknown in it."""
    told = analyze(
        "verify", "./snake.service", "./snake.socket", "./snake@shop.service", folder=units
    )
    assert (told.returncode, told.stderr) == (0, "")


@pytest.mark.parametrize("names", [["isolation"], ["isolation", "tenants"]])
def test_systemd_has_no_word_on_what_is_added(units: Path, names: list[str]) -> None:
    """The same with the settings for apps that are kept apart."""
    added = units / "snake.service.d"
    added.mkdir()
    for name in names:
        (units / f"{name}.conf").rename(added / f"{name}.conf")
    told = analyze("verify", "./snake.service", folder=units)
    assert (told.returncode, told.stderr) == (0, "")


def test_the_service_is_shut_in(units: Path) -> None:
    """What snake does not need is taken from it; both services are the same in that."""
    for name in ("snake.service", "snake@.service"):
        told = analyze(
            "security", "--offline=true", f"--threshold={EXPOSURE}", f"./{name}", folder=units
        )
        assert told.returncode == 0, told.stdout.splitlines()[-1]


def settings(name: str) -> dict[str, str]:
    """Return the settings of a service; of those that are given twice, the last."""
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(UNITS / name)
    return dict(parser["Service"])


def test_one_of_several_is_as_the_only_one() -> None:
    """The two services differ in names and places alone."""
    one, several = settings("snake.service"), settings("snake@.service")
    own = {"Environment", "ExecStart", "ExecReload"}
    own |= {name for name in one if name.endswith("Directory")}
    assert {n: v for n, v in one.items() if n not in own} == {
        n: v for n, v in several.items() if n not in own
    }
    assert one.keys() == several.keys()
