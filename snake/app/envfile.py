"""Env files: `KEY=VALUE` lines, as `.env` files have them."""

from __future__ import annotations

import re
from pathlib import Path

from snake.app.regular import OutsideError, read_regular
from snake.core.errors import StartError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTES = ("'", '"')


def name_fault(name: str) -> str:
    """Return why an app may not be given a variable of this name; nothing when it may."""
    if not _NAME.fullmatch(name):
        return f'invalid env_var name "{name}": must match {_NAME.pattern}'
    if name == "PYTHONUNBUFFERED" or name.startswith("CADDYSNAKE_"):
        return f'invalid env_var name "{name}": reserved environment variable name'
    if name.startswith(("LD_", "DYLD_")):
        return f'invalid env_var name "{name}": disallowed environment variable name'
    return ""


def read_env_file(written: str, working_dir: Path) -> dict[str, str]:
    """Read one env file. Raises `StartError`.

    A relative path begins at the working directory and may not lead out of it,
    not by `..` and not by a symlink; an absolute one is the operator's word.
    """
    path = _locate(written, working_dir)
    within = None if Path(written).is_absolute() else working_dir.resolve()
    try:
        text = read_regular(path, within).decode()
    except OutsideError:
        raise StartError(f'env_file "{written}" resolves outside working_dir') from None
    except IsADirectoryError:
        raise StartError(f'env_file "{written}" is a directory') from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise StartError(f'env_file "{written}": {reason}') from None
    variables = {}
    for number, line in enumerate(text.splitlines(), 1):
        content = line.strip().removeprefix("export ").lstrip()
        if not content or content.startswith("#"):
            continue
        name, equals, value = content.partition("=")
        if not equals or not name.strip():
            raise StartError(f"env_file {path}:{number}: invalid line (expected KEY=VALUE)")
        if fault := name_fault(name.strip()):
            raise StartError(f"env_file {path}:{number}: {fault}")
        variables[name.strip()] = _unquote(value.strip())
    return variables


def _locate(written: str, working_dir: Path) -> Path:
    path = Path(written)
    if path.is_absolute():
        return path
    if ".." in path.parts:
        raise StartError(f'env_file path contains path traversal: "{written}"')
    resolved = (working_dir / path).resolve()
    if not resolved.is_relative_to(working_dir.resolve()):
        raise StartError(f'env_file "{written}" resolves outside working_dir')
    return resolved


def _unquote(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in _QUOTES:
        return value[1:-1]
    return value
