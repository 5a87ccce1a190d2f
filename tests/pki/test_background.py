"""What a server does about the trust in its roots, beside its work."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from snake.pki.trust import debian
from snake.pki.trust.background import verdict
from snake.pki.trust.outcome import Deed, Outcome
from snake.pki.trust.root import Root
from tests.pki.machine import Machine
from tests.pki.requests import provisioned


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, Any]]]:
    """Return what was logged, with its fields."""
    return [(record.message, vars(record)["fields"]) for record in caplog.records]


@pytest.mark.slow
def test_roots_are_installed(machine: Machine, tmp_path: Path) -> None:
    """A server that may do so has the machine trust its roots; the next start has nothing to do."""
    said = machine.run(sys.executable, "-c", START, str(tmp_path), HOME=str(tmp_path))

    first, second = map(json.loads, said.splitlines())
    assert first["message"] == "root certificate installed in trust stores"
    assert first["path"] == "storage:pki/authorities/local/root.crt"
    assert "Debian: added: /usr/local/share/ca-certificates/snake_test" in first["stores"]
    assert second["message"] == "root certificate is already trusted by system"


START = """
import asyncio, json, logging, pathlib, sys
from tests.pki.requests import provisioned
class Printed(logging.Handler):
    def emit(self, record):
        print(json.dumps({"message": record.getMessage(), **record.fields}))
logging.basicConfig(level=logging.INFO, handlers=[Printed()])
async def main():
    authorities = await provisioned(pathlib.Path(sys.argv[1]), local={"name": "snake test"})
    await authorities.trust()
    await authorities.trust()
asyncio.run(main())
"""


@pytest.mark.parametrize(("off", "settings"), [("", {"install_trust": False}), ("off", {})])
async def test_stores_can_be_left_alone(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    off: str,
    settings: dict[str, object],
) -> None:
    """With `install_trust` false, or the variable, nothing is changed, and the log says so."""
    monkeypatch.setenv("SNAKE_INSTALL_TRUST", off)
    caplog.set_level(logging.INFO, "snake.pki")
    authorities = await provisioned(tmp_path, local=settings)

    await authorities.trust()

    ((message, _),) = told(caplog)
    assert message.startswith("root certificate trust store installation disabled")
    assert not debian.store.has(Root.of((await authorities.get()).root))


def test_what_is_left_to_do_is_said() -> None:
    """Where a store that is here was not changed, or none is here, somebody has to do something."""
    cases = [
        ([Deed.ADDED, Deed.FAILED], logging.WARNING, "until 'snake trust' is run"),
        ([Deed.SKIPPED, Deed.SKIPPED], logging.WARNING, "until 'snake trust' is run"),
        ([Deed.ADDED, Deed.SKIPPED], logging.INFO, "installed in trust stores"),
        ([Deed.TRUSTED, Deed.SKIPPED], logging.INFO, "already trusted"),
    ]

    for deeds, level, words in cases:
        found, message = verdict(Outcome("any", deed) for deed in deeds)
        assert (found, words in message) == (level, True)
