"""fs."""

from __future__ import annotations

import pytest

from tests.directives.adapted import mistake, warnings
from tests.site import site


@pytest.mark.parametrize(
    ("lines", "word", "message"),
    [
        ("fs", "fs", "fs takes one name of a file system, got 0"),
        ("fs a b", "b", "fs takes one name of a file system, got 2"),
    ],
)
def test_wrong_lines(lines: str, word: str, message: str) -> None:
    """It takes one name."""
    assert mistake(lines) == (2, word, message)


def test_block_is_warned_of() -> None:
    """Caddy reads no block there, and does not mind one."""
    assert warnings("fs a {\nb\n}") == [
        "Caddyfile:2: fs: it takes no block, and what stands there is ignored"
    ]


async def test_nobodys_file_system_has_no_files() -> None:
    """Files are never read from where they should not be."""
    async with site(":80 {\n fs assets\n file_server\n}") as s:
        assert (await s.get("/pyproject.toml")).status == 404


async def test_the_disk() -> None:
    """`default` is the disk."""
    async with site(":80 {\n fs default\n respond {vars.fs}\n}") as s:
        assert (await s.get()).text == "default"
