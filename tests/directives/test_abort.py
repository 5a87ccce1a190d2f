"""Facts about `abort`."""

from __future__ import annotations

import pytest

from snake.plugin import AbortError, CaddyfileError
from tests.site import site


async def test_nothing_is_answered() -> None:
    """`abort` ends the request with no response; the error routes are not asked."""
    async with site(":80 {\n abort /a\n respond b\n handle_errors {\n respond e\n }\n}") as s:
        assert (await s.get("/b")).text == "b"
        with pytest.raises(AbortError):
            await s.get("/a")


@pytest.mark.parametrize("line", ["abort now", "abort * now", "abort {\n}"])
def test_takes_nothing(line: str) -> None:
    """There is nothing to say beside the matcher."""
    with pytest.raises(CaddyfileError, match="abort takes no"):
        site(f":80 {{\n {line}\n}}")
