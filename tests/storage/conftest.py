"""The storages, for tests that must pass with each."""

from __future__ import annotations

from pathlib import Path

import pytest

from snake.storage.folder import FileStorage
from snake.storage.storage import Storage


@pytest.fixture(params=["file_system"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """A storage with nothing in it."""
    assert request.param == "file_system"
    return FileStorage(tmp_path / "storage")
