"""Package: what `add-package` and `remove-package` are given, and may change."""

from __future__ import annotations

import re

from snake.cli.distribution import NAME, normal, plugins, required, version_of
from snake.core.errors import SnakeError
from snake.core.record import Record
from snake.core.suggest import suggestion

_FORM = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
    r"(?P<extras>\[[A-Za-z0-9._,-]+\])?"
    r"(?:(?:@|==)(?P<version>[A-Za-z0-9.!+_-]+))?"
)
"""A name and a version, by the grammar of PEP 508. What else pip takes may be an option of it."""


class Package(Record):
    """A package, and the version of it that is wanted."""

    name: str
    extras: str = ""
    version: str = ""

    @classmethod
    def read(cls, text: str) -> Package:
        """Read `name`, `name[extra]`, `name@1.2` and `name==1.2`. Raises `SnakeError`."""
        if text.startswith("github.com/"):
            raise SnakeError(f'"{text}" is a package for Caddy, in Go; those for snake are Python')
        match = _FORM.fullmatch(text)
        if match is None:
            raise SnakeError(
                f'"{text}" is no name of a package; expected one like snake-visitor, or with a '
                "version, like snake-visitor@1.2"
            )
        return cls(match["name"], match["extras"] or "", match["version"] or "")

    @property
    def requirement(self) -> str:
        """The package as pip takes it."""
        return f"{self.name}{self.extras}" + (f"=={self.version}" if self.version else "")


def addable(texts: tuple[str, ...]) -> list[Package]:
    """Return the packages that are to be added. Raises `SnakeError` for one that is there."""
    packages = [Package.read(text) for text in texts]
    for package in packages:
        _refuse_own(package)
        version = version_of(package.name)
        if version == package.version or (version and not package.version):
            raise SnakeError(
                f"{package.name} {version} is there already; "
                f"for another version: snake add-package {package.name}@VERSION"
            )
    return packages


def removable(texts: tuple[str, ...]) -> list[str]:
    """Return the names of packages that are to be removed. Raises `SnakeError` for others."""
    found = plugins()
    packages = [Package.read(text) for text in texts]
    for package in packages:
        _refuse_own(package)
        if version_of(package.name) is None:
            near = suggestion(normal(package.name), found)
            raise SnakeError(f'there is no package "{package.name}" here{near}')
        if normal(package.name) not in found:
            raise SnakeError(
                f"{package.name} adds nothing to snake, and may be somebody else's; "
                f"pip uninstall {package.name} removes it"
            )
    return [normal(package.name) for package in packages]


def _refuse_own(package: Package) -> None:
    if normal(package.name) == NAME:
        raise SnakeError(f"{NAME} is snake itself; snake upgrade changes it")
    if normal(package.name) in required(NAME):
        raise SnakeError(f"{package.name} is a part of snake, which needs it as it is")
