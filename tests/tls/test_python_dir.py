"""The permission python_dir, as Caddy Snake gives it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from snake.core.errors import ConfigError
from snake.core.modules import Context, Registry
from snake.tls.permission import DeniedError
from snake.tls.python_dir import PythonDir


def context() -> Context:
    """Return a context."""
    return Context(Registry({}), AsyncExitStack()).at("permission")


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("app1.x.com", True),
        ("APP1.X.com.", True),
        ("a.x.com", True),
        ("link.x.com", True),
        ("missing.x.com", False),
        ("escape.x.com", False),
        ("file.x.com", False),
        ("a.app1.x.com", False),
        ("x-.x.com", False),
        ("x.com", False),
        (".x.com", False),
        ("app1.y.com", False),
        ("..x.com", False),
    ],
)
async def test_name_needs_a_folder(tmp_path: Path, name: str, *, allowed: bool) -> None:
    """A name may have a certificate if it is one label before the domain, and a folder inside."""
    root = tmp_path / "root"
    for folder in ("app1", "a", "x-"):
        (root / folder).mkdir(parents=True)
    (root / "link").symlink_to(root / "app1")
    (root / "escape").symlink_to(tmp_path)
    (root / "file").write_text("")

    permission = await PythonDir(root=str(root), domain_suffix=".X.com.").provision(context())

    if allowed:
        await permission.allows(name)
    else:
        with pytest.raises(DeniedError):
            await permission.allows(name)


@pytest.mark.parametrize(
    ("root", "suffix", "message"),
    [
        ("", "x.com", "permission/root: tls.permission.python_dir: root is required"),
        ("/", " ", "permission/domain_suffix: .*domain_suffix is required"),
        ("/no/such", "x.com", "permission/root: .*stat root"),
        ("/etc/passwd", "x.com", "is not a directory"),
    ],
)
async def test_wrong_settings_are_refused(root: str, suffix: str, message: str) -> None:
    """Both settings are needed, and the folder must be there."""
    with pytest.raises(ConfigError, match=message):
        await PythonDir(root=root, domain_suffix=suffix).provision(context())
