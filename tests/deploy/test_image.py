"""What the images are made from. `deploy/check-image.sh` runs one, which takes minutes to make."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.server import ROOT, environment, run, running

DOCKERFILES = [*sorted(ROOT.glob("*Dockerfile")), *sorted((ROOT / "deploy").glob("*Dockerfile"))]
SCRIPTS = sorted((ROOT / "deploy").glob("*.sh"))


def instructions(path: Path) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile, with what follows them on one line."""
    text = re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def beside(program: str) -> str | None:
    """Return a program that a package for tests brings, or the system has."""
    here = Path(sys.executable).with_name(program)
    return str(here) if here.exists() else shutil.which(program)


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_hadolint_has_no_word_on_it(path: Path) -> None:
    """A Dockerfile parses, and does nothing that the linter knows to be a mistake."""
    if not (hadolint := beside("hadolint")):
        pytest.skip("there is no hadolint")
    told = subprocess.run([hadolint, path], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_has_no_word_on_it(path: Path) -> None:
    """A script does nothing that the linter knows to be a mistake."""
    if not (shellcheck := shutil.which("shellcheck")):
        pytest.skip("there is no shellcheck")
    told = subprocess.run([shellcheck, path], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout


def test_all_that_is_copied_is_sent() -> None:
    """What the Dockerfile copies is there, and is not ignored."""
    sent = [
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    copied = [
        source
        for name, rest in instructions(ROOT / "Dockerfile")
        if name == "COPY" and "--from" not in rest
        for source in shlex.split(rest)[:-1]
    ]
    assert copied
    for source in copied:
        assert (ROOT / source).exists(), source
        assert any(source == each or fnmatch(source, f"{each}/*") for each in sent), source


def test_the_image_is_not_root() -> None:
    """The last user of either image has a number, which Kubernetes can tell from root's."""
    users = [rest for name, rest in instructions(ROOT / "Dockerfile") if name == "USER"]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", users[-1])
    assert "USER" not in dict(instructions(ROOT / "builder.Dockerfile"))


@pytest.mark.slow
def test_the_health_check_tells_whether_it_serves(tmp_path: Path) -> None:
    """The command of HEALTHCHECK is well with a server, and not without one."""
    (check,) = (rest for name, rest in instructions(ROOT / "Dockerfile") if name == "HEALTHCHECK")
    command = json.loads(check[check.index("CMD") + 3 :])
    command[0] = sys.executable if command[0] == "python" else str(beside(command[0]))
    site = "{\n\tadmin localhost:PORT\n}\n"
    with running(site, tmp_path) as server:
        env = environment(tmp_path) | {"CADDY_ADMIN": f"localhost:{server.port}"}
        server.wait_for("admin endpoint started")
        assert subprocess.run(command, check=False, env=env).returncode == 0
    assert subprocess.run(command, check=False, env=env, capture_output=True).returncode != 0


def test_what_the_image_serves_at_first_is_a_caddyfile() -> None:
    """The Caddyfile of the image adapts, and is formatted."""
    folder = ROOT / "deploy/container"
    adapted = run("adapt", "--config", "Caddyfile", folder=folder)
    assert adapted.returncode == 0
    assert "not formatted" not in adapted.stderr
