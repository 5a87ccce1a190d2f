"""`snake list-modules`."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click

from snake import __version__
from snake.cli.distribution import NAME
from snake.core.plugins import installed
from snake.core.record import Record
from snake.standard import MODULES, PARTS


class Installed(Record):
    """One module, and the package that brings it."""

    name: str
    package: str
    version: str
    standard: bool

    def line(self, *, packages: bool, versions: bool) -> str:
        """Return it as one line."""
        return " ".join([self.name, *[self.version] * versions, *[self.package] * packages])

    def json(self) -> dict[str, str]:
        """Return it with the names that Caddy's list has."""
        return {
            "module_name": self.name,
            "module_type": "standard" if self.standard else "non-standard",
            "version": self.version,
            "package_url": self.package,
        }


@click.command("list-modules")
@click.option("--packages", is_flag=True, help="Print the package of each.")
@click.option("--versions", is_flag=True, help="Print the version of each.")
@click.option("-s", "--skip-standard", is_flag=True, help="Leave out what ships with snake.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def command(
    packages: bool,  # noqa: FBT001  (click passes options by name)
    versions: bool,  # noqa: FBT001
    skip_standard: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """List the modules that a configuration can use, those of installed plugins included."""
    standard = [] if skip_standard else sorted(_standard(), key=lambda each: each.name)
    others = sorted(_others(), key=lambda each: each.name)
    if as_json:
        found = [each.json() for each in (*standard, *others)]
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    blocks = [
        "\n".join([*lines, "", f"  {kind} modules: {len(lines)}"])
        for kind, modules in (("Standard", standard), ("Non-standard", others))
        if (lines := [each.line(packages=packages, versions=versions) for each in modules])
    ]
    if blocks:
        click.echo("\n\n".join(blocks))


def _standard() -> Iterator[Installed]:
    for id in (*MODULES, *PARTS):
        yield Installed(id, NAME, f"v{__version__}", standard=True)


def _others() -> Iterator[Installed]:
    for id, package, version in installed("snake.modules"):
        if id not in MODULES:
            yield Installed(id, package, f"v{version}", standard=False)
