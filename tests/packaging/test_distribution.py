"""What `pip install` gets: the wheel, the source distribution, and a program that runs."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import snake

ROOT = Path(snake.__file__).parent.parent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def build(source: Path, folder: Path) -> tuple[Path, Path]:
    """Build a source tree; return the wheel and the source distribution."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--directory", folder],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, sdist


def contents(wheel: Path) -> set[str]:
    """Return the names of the files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the source distribution of this checkout."""
    return build(ROOT, tmp_path_factory.mktemp("dist"))


def test_wheel_has_the_program_and_its_grammar(built: tuple[Path, Path]) -> None:
    """The wheel has every module, the grammar, the type marker and the license."""
    names = contents(built[0])
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "snake").rglob("*.py")}
    grammar = {f"snake/grammar/{path.name}" for path in (ROOT / "grammar").iterdir()}

    assert grammar
    assert modules | grammar | {"snake/py.typed"} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.split("/")[0] for name in names} == {
        "snake",
        f"snake_server-{snake.__version__}.dist-info",
    }


def test_source_distribution_builds(built: tuple[Path, Path], tmp_path: Path) -> None:
    """The source distribution makes the same wheel as the checkout."""
    wheel, sdist = built
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()

    again, _ = build(source, tmp_path / "dist")

    assert contents(again) == contents(wheel)


def test_installed_program_runs(built: tuple[Path, Path], tmp_path: Path) -> None:
    """In a venv that has nothing else, `snake` starts and knows its version and its grammar."""
    venv.create(tmp_path / "venv", with_pip=True)
    programs = tmp_path / "venv/bin"
    subprocess.run([programs / "pip", "install", "--quiet", built[0]], check=True)
    (tmp_path / "Caddyfile").write_text(":9080\nrespond well\n")

    version = run(programs / "snake", "version", cwd=tmp_path)
    document = run(programs / "snake", "adapt", cwd=tmp_path)

    assert snake.__version__ in version
    assert '"body":"well"' in document


def run(*command: Path | str, cwd: Path) -> str:
    """Return what a command prints. Raises when it fails."""
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout
