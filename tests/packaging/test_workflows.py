"""The workflows of GitHub: what can be told of them without running them there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github/workflows"
FILES = sorted(FOLDER.glob("*.yml"))
ZIZMOR = Path(sys.executable).with_name("zizmor")


def read(file: Path) -> dict[str, Any]:
    """Return a workflow. YAML 1.1 takes `on` for a truth value, so it is read as text."""
    found: dict[str, Any] = yaml.load(file.read_text(), yaml.BaseLoader)
    return found


def scripts(workflow: dict[str, Any]) -> Iterator[str]:
    """Yield what a workflow runs in a shell."""
    for job in workflow["jobs"].values():
        for step in job.get("steps", ()):
            if "run" in step:
                yield step["run"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_workflow_may_do_what_it_must(file: Path) -> None:
    """A workflow has no rights but those that each of its jobs asks for, and none runs for ever."""
    workflow = read(file)

    assert workflow["name"] == file.stem
    assert workflow["permissions"] == {}
    assert workflow["concurrency"]["group"]
    for name, job in workflow["jobs"].items():
        assert job["permissions"], name
        assert "uses" in job or int(job["timeout-minutes"]) <= 60, name


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_actions_are_pinned(file: Path) -> None:
    """Each action is named by its commit, with its version beside it, and always the same."""
    for line in re.findall(r"uses: (.*)", file.read_text()):
        if not line.startswith("./"):
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)
    used = {line for each in FILES for line in re.findall(r"uses: (\S+@\S+)", each.read_text())}
    assert len(used) == len({line.partition("@")[0] for line in used})


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_workflows_name_is_there(file: Path) -> None:
    """The targets of make, the scripts, modules and files that a workflow names are there."""
    makefile = (ROOT / "Makefile").read_text()
    workflow = read(file)
    for text in scripts(workflow):
        for target in re.findall(r"\bmake ([a-z-]+)", text):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        for script in re.findall(r"\bbash (\S+)", text):
            assert (ROOT / script).is_file(), script
        for module in re.findall(r"python -m (tests\.\S+)", text):
            assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), module
        for folder in re.findall(r"\btests/\S+", text):
            assert (ROOT / folder).exists(), folder
    for event in workflow["on"].values() if isinstance(workflow["on"], dict) else ():
        for pattern in (event or {}).get("paths", ()) if isinstance(event, dict) else ():
            assert list(ROOT.glob(pattern)), pattern
    for job in workflow["jobs"].values():
        if "uses" in job:
            assert (ROOT / job["uses"].split(" ")[0]).is_file()


def test_released_files_are_those_of_ci() -> None:
    """A release is what the other workflows have made and tried: nothing is built for it anew."""
    jobs = read(FOLDER / "release.yml")["jobs"]
    assert jobs["pypi"]["needs"] == "attest"
    assert set(jobs["attest"]["needs"]) == {"package", "executables"}
    assert "contents" not in jobs["pypi"]["permissions"]
    assert not [text for text in scripts({"jobs": jobs}) if "make " in text]


@pytest.mark.skipif(not ZIZMOR.exists(), reason="zizmor is not installed")
def test_zizmor_finds_nothing() -> None:
    """Nothing in them is known to be dangerous."""
    done = subprocess.run(
        [ZIZMOR, "--offline", "--no-progress", "--quiet", ".github"],
        cwd=ROOT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_actionlint_finds_nothing() -> None:
    """They are workflows as GitHub reads them, and their scripts have no known mistakes."""
    actionlint = shutil.which("actionlint") or shutil.which(
        "actionlint", path=Path.home() / "go/bin"
    )
    if actionlint is None:
        pytest.skip("actionlint is not installed: it is no package of Python's")
    done = subprocess.run([actionlint], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
