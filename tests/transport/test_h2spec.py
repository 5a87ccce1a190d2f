"""The conformance tests of others: h2spec, without TLS and with it.

go install github.com/summerwind/h2spec/cmd/h2spec@latest
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from pathlib import Path

import pytest
import trustme

from tests.transport.crypt import EC, encrypting, issue
from tests.transport.wire import echo, serving

H2SPEC = shutil.which("h2spec", path=os.pathsep.join([
    os.environ.get("PATH", ""),
    str(Path(os.environ.get("GOPATH", Path.home() / "go")) / "bin"),
]))  # fmt: skip
NOT_OURS = {"3.5": "Sends invalid connection preface"}
"""What is no preface of HTTP/2 is a request of HTTP/1.1 here, and gets an answer to that."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        H2SPEC is None, reason="h2spec is not installed (github.com/summerwind/h2spec)"
    ),
]


async def run(port: int, *options: str) -> list[str]:
    """Run all cases; return the names of those that failed."""
    process = await asyncio.create_subprocess_exec(
        str(H2SPEC), "-h", "127.0.0.1", "-p", str(port), *options,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output = (await process.communicate())[0].decode()
    report = output.partition("Failures:")[2] or output
    assert re.search(r"\d+ tests, \d+ passed", output), output
    return re.findall("\N{MULTIPLICATION SIGN} (?:[0-9]+: )?(.+)", report)


async def test_without_tls() -> None:
    """All cases pass but the one that is about no HTTP/2 at all."""
    async with serving(echo) as server:
        failed = await run(int(server.address[1]))
    assert failed == list(NOT_OURS.values())


async def test_with_tls() -> None:
    """All cases pass."""
    certificate = issue(trustme.CA(key_type=EC), "localhost", "127.0.0.1")
    async with serving(echo, encryption=await encrypting(certificate)) as server:
        assert await run(int(server.address[1]), "-t", "-k") == []
