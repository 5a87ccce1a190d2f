"""Names that Caddy has and snake has not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from snake.core.unavailable import UNAVAILABLE, unavailable
from snake.standard import DIRECTIVES, MATCHERS, MODULES, OPTIONS
from tests.caddy import adapt, binary

KNOWN = {
    "directive": DIRECTIVES,
    "global option": OPTIONS,
    "matcher": MATCHERS,
    "module": MODULES,
}
NAMESPACES = ("http.handlers.", "http.matchers.", "caddy.logging.")


@pytest.mark.parametrize("kind", KNOWN)
def test_no_name_is_called_unavailable_that_is_there(kind: str) -> None:
    """The table has nothing that ships with snake."""
    assert not UNAVAILABLE[kind] & KNOWN[kind].keys()


def test_the_message_says_whose_name_it_is() -> None:
    """A name of Caddy's is told from one that nobody knows."""
    for kind, names in UNAVAILABLE.items():
        for name in names:
            assert unavailable(kind, name) == (
                f"{name}: this {kind} of Caddy's is not in this version of snake"
            )
            assert unavailable(kind, f"{name}x") == ""


def test_every_module_of_caddy_is_known_or_named() -> None:
    """What `caddy list-modules` prints for handlers, matchers and logs is in one of the tables."""
    done = subprocess.run(
        [binary(), "list-modules"], capture_output=True, text=True, check=True, timeout=20
    )
    listed = {line.strip() for line in done.stdout.splitlines()}
    modules = {name for name in listed if name.startswith(NAMESPACES)}
    assert len(modules) > 30
    assert modules - MODULES.keys() == UNAVAILABLE["module"]


@pytest.mark.parametrize(
    ("kind", "text", "refused"),
    [
        ("directive", ":80 {{\n\t{}\n}}\n", "unrecognized directive"),
        ("global option", "{{\n\t{}\n}}\n", "unrecognized global option"),
        ("matcher", ":80 {{\n\t@a {}\n}}\n", "getting matcher module"),
    ],
)
@pytest.mark.slow
def test_caddy_knows_every_name(tmp_path: Path, kind: str, text: str, refused: str) -> None:
    """Caddy may refuse the line, but not for its name."""
    file = tmp_path / "Caddyfile"
    for name in UNAVAILABLE[kind]:
        file.write_text(text.format(name))
        assert refused not in adapt(file).error, name
