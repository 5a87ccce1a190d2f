"""An authority that lies when it is told to, and what offers an issuer all that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from snake.acme.ports import Ports
from tests.acme.issuing import Host
from tests.acme.lying_ca import LyingCA, lying_ca
from tests.server import free_port


@pytest.fixture
def liar() -> Iterator[LyingCA]:
    """An authority that tells the truth until it is told to lie."""
    with lying_ca() as ca:
        yield ca


@pytest.fixture
async def server(tmp_path: Path) -> Host:
    """What a supervisor offers, on ports of its own."""
    return Host(tmp_path, Ports(free_port(), free_port()))
