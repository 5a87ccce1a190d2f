"""Managers that are asked while clients wait: what they may cost."""

from __future__ import annotations

import asyncio
import logging

import pytest

from snake.tls.certificate import Certificate
from snake.tls.certificate_manager import ManagerError
from snake.tls.external import Bounds, External, TooManyError
from snake.tls.hello import Hello
from snake.tls.ring import Visitor

CERTIFICATE = Certificate("chain", "key", ("a.test",), 0, 1, "1", "f")


class Asked:
    """A manager that notes who was asked about, and has the certificate of one name."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self.fault: Exception | None = None

    async def get(self, hello: Hello, local_ip: str, remote_ip: str) -> Certificate | None:
        """Note it."""
        del local_ip, remote_ip
        self.names.append(hello.server_name)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if self.fault is not None:
            raise self.fault
        return CERTIFICATE if hello.server_name == "a.test" else None


def visitor(name: str, client: str = "10.0.0.1") -> Visitor:
    """Return who waits."""
    return Visitor(client, "127.0.0.1", Hello(server_name=name))


async def test_names_that_are_none_are_not_asked_about() -> None:
    """A manager is asked about host names, and nothing else."""
    manager = Asked()
    external = External()
    assert await external.get([manager], "a.test", visitor("a.test")) is CERTIFICATE
    assert await external.get([manager], "../x", visitor("../x")) is None
    assert await external.get([], "a.test", visitor("a.test")) is None

    assert manager.names == ["a.test"]


async def test_flood_of_names_has_a_budget() -> None:
    """Names that no manager has cost 200 questions a network, not all at once; others go on."""
    manager = Asked()
    external = External(now=lambda: 1000.0)
    names = [f"r{number}.test" for number in range(1000)]

    asked = (external.get([manager], name, visitor(name)) for name in names)
    await asyncio.gather(*asked, return_exceptions=True)
    before = len(manager.names)
    with pytest.raises(TooManyError, match="too many"):
        await external.get([manager], "late.test", visitor("late.test"))

    assert len(manager.names) == before <= 500
    assert manager.most_at_once <= 32
    found = await external.get([manager], "a.test", visitor("a.test", "192.0.2.1"))
    assert found is CERTIFICATE


async def test_flood_does_not_hide_what_managers_have() -> None:
    """A name that a manager had is asked about though its network has no budget left."""
    manager = Asked()
    external = External(Bounds(vain=5), now=lambda: 1000.0)
    assert await external.get([manager], "a.test", visitor("a.test")) is CERTIFICATE
    for number in range(5):
        assert await external.get([manager], f"r{number}", visitor(f"r{number}")) is None
    with pytest.raises(TooManyError):
        await external.get([manager], "more.test", visitor("more.test"))

    assert await external.get([manager], "a.test", visitor("a.test")) is CERTIFICATE


async def test_failures_are_told_of_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    """However often a manager fails, the log says so once a minute."""
    manager = Asked()
    manager.fault = ManagerError("down")
    external = External(now=lambda: 1000.0)
    with caplog.at_level(logging.ERROR):
        for _ in range(20):
            with pytest.raises(ManagerError, match="down"):
                await external.get([manager], "a.test", visitor("a.test"))

    assert caplog.text.count("a manager gives no certificate") == 1


async def test_manager_that_hangs_is_not_waited_for_long() -> None:
    """A manager that does not answer is one that has failed."""

    class Hanging:
        async def get(self, hello: Hello, local_ip: str, remote_ip: str) -> Certificate | None:
            del hello, local_ip, remote_ip
            await asyncio.sleep(3600)
            return None

    with pytest.raises(ManagerError, match="no answer in time"):
        await External(Bounds(patience=0.05)).get([Hanging()], "a.test", visitor("a.test"))
