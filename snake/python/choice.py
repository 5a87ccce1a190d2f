"""Choice: which app the placeholders of a handler choose, by the values that a request gives them.

A worker asks by these values, and the supervisor makes fields of them by its own copy of the
configuration: it takes no path and no variable from a worker, which runs apps itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from snake.core.errors import ConfigError
from snake.core.surroundings import surrounding
from snake.http.placeholders import Getter
from snake.http.request import Request
from snake.http.template import as_text, split
from snake.python.fields import PythonFields
from snake.python.names import is_module, name_fault

LONGEST = 32_768
"""Characters of all values together: a message to the supervisor is never too long."""

_NOT_FOUND, _BAD_REQUEST, _TOO_LARGE = 404, 400, 431

Values = tuple[str, ...]
"""One for each placeholder, in the order in which they first stand in the fields."""


class NoAppError(Exception):
    """These values choose no app: the status that the request ends with, and why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class _Text:
    """The text of one field: literals, and numbers of values."""

    def __init__(self, parts: list[str | int]) -> None:
        self.parts = parts
        self.numbers = [part for part in parts if isinstance(part, int)]

    @property
    def root(self) -> str:
        """The folder that the literal text before the first value names."""
        literal = "".join(self._before_values())
        return literal[: literal.rfind("/") + 1]

    @property
    def rest(self) -> str:
        """The literal text after the first value."""
        first = self.parts.index(self.numbers[0])
        return "\0".join(part for part in self.parts[first:] if isinstance(part, str))

    def fill(self, values: Values) -> str:
        """Put values in."""
        return "".join([values[part] if isinstance(part, int) else part for part in self.parts])

    def _before_values(self) -> Iterator[str]:
        for part in self.parts:
            if isinstance(part, int):
                return
            yield part


class Choice:
    """The fields of one `python` handler, some of them with placeholders."""

    def __init__(self, fields: PythonFields, folder: Path) -> None:
        """Compile the fields; `folder` is where relative paths begin.

        Raises `ConfigError` at a field that no request can fill.
        """
        self.fields = fields
        self._folder = folder
        self._numbers: dict[str, int] = {}
        self._getters: list[Callable[[Request], str]] = []
        module = "module_asgi" if fields.module_asgi else "module_wsgi"
        self._module = module, self._text(module, getattr(fields, module))
        self._working_dir = self._path("working_dir", fields.working_dir)
        self._venv = self._path("venv_path", fields.venv_path)
        self._env_files = [self._path("env_files", each) for each in fields.env_files]
        self._env_vars = {
            name: self._text("env_vars", text, strict=False)
            for name, text in fields.env_vars.items()
        }

    @property
    def roots(self) -> list[Path]:
        """The folders in which the apps are looked for."""
        paths = [self._working_dir, self._venv]
        return [self._folder / path.root for path in paths if path.numbers]

    def values(self, request: Request) -> Values:
        """Return the values that a request gives to the placeholders."""
        return tuple([get(request) for get in self._getters])

    def resolve(self, values: Values) -> PythonFields:
        """Return the fields of the app that values choose. Raises `NoAppError`.

        What is looked for in the file system is there, and inside of the folder that the
        configuration names.
        """
        self._check(values)
        module, text = self._module
        name = text.fill(values)
        if text.numbers and not is_module(name):
            raise NoAppError(_BAD_REQUEST, f'"{name}" cannot be the name of an app')
        working_dir = self._folder_of(self._working_dir, values, self._folder)
        changes: dict[str, Any] = {
            module: name,
            "working_dir": working_dir,
            "venv_path": self._folder_of(self._venv, values, self._folder),
            "env_files": tuple(
                self._file_of(text, values, self._folder / working_dir) for text in self._env_files
            ),
            "env_vars": {name: text.fill(values) for name, text in self._env_vars.items()},
        }
        return replace(self.fields, **changes)

    def _check(self, values: Values) -> None:
        if len(values) != len(self._getters):
            raise NoAppError(_BAD_REQUEST, "there are other placeholders")
        if sum(map(len, values)) > LONGEST:
            raise NoAppError(_TOO_LARGE, "what chooses the app is too long")
        if any("\0" in value for value in values):
            raise NoAppError(_BAD_REQUEST, "what chooses the app holds NUL")
        named = [self._module[1], self._working_dir, self._venv, *self._env_files]
        for number in {number for text in named for number in text.numbers}:
            value = values[number]
            if fault := name_fault(value):
                status = _BAD_REQUEST if value else _NOT_FOUND
                raise NoAppError(status, f"{value[:300]!a} names no app: {fault}")

    def _folder_of(self, text: _Text, values: Values, base: Path) -> str:
        """Return the real path of a folder that values name; as written if they do not."""
        if not text.numbers:
            return text.fill(values)
        path = _inside(base / text.fill(values), base / text.root)
        if not path.is_dir():
            raise NoAppError(_NOT_FOUND, f'"{path}" is not a directory')
        return str(path)

    def _file_of(self, text: _Text, values: Values, base: Path) -> str:
        """Return an env file, as written: where it may lie is checked when it is read as well."""
        if text.numbers:
            _inside(base / text.fill(values), base / text.root)
        return text.fill(values)

    # Compiling -----------------------------------------------------------------

    def _path(self, field: str, text: str) -> _Text:
        path = self._text(field, text)
        if path.numbers and ".." in path.rest.replace("\0", "/").split("/"):
            raise ConfigError(f'".." after a placeholder leads anywhere: {text}', field)
        return path

    def _text(self, field: str, text: str, *, strict: bool = True) -> _Text:
        found, unknown = split(text)
        if strict and unknown:
            raise ConfigError(f"unknown placeholder in {text}", field)
        parts: list[str | int] = []
        for part in found:
            if isinstance(part, str):
                parts.append(part)
            elif (get := surrounding(part.text)) is not None:
                # The operator's word, not the request's.
                parts.append(as_text(get()))
            else:
                parts.append(self._number(part.text, part.getter))
        return _Text(parts)

    def _number(self, name: str, getter: Getter) -> int:
        if name not in self._numbers:
            self._numbers[name] = len(self._getters)
            self._getters.append(_lower(getter) if name.startswith(_HOST) else _plain(getter))
        return self._numbers[name]


_HOST = "http.request.host"
"""Names of hosts are the same in any case, and a folder has its name in one."""


def _lower(getter: Getter) -> Callable[[Request], str]:
    return lambda request: as_text(getter(request)).lower()


def _plain(getter: Getter) -> Callable[[Request], str]:
    return lambda request: as_text(getter(request))


def _inside(path: Path, root: Path) -> Path:
    """Return the real path of what exists inside of `root`. Raises `NoAppError`."""
    try:
        real = path.resolve(strict=True)
        folder = root.resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise NoAppError(_NOT_FOUND, f'"{path}": {reason}') from None
    if real == folder or not real.is_relative_to(folder):
        raise NoAppError(_NOT_FOUND, f'"{path}" leads out of "{folder}"')
    return real
