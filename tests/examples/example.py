"""An example, copied and served as its README says, on ports of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.server import ROOT, free_port, running

PORTS = ("9080", "9081")
"""The ports that the examples are written with."""


class Served:
    """A running example: a client for the port that was 9080, and the port that was 9081."""

    def __init__(self, ports: dict[str, int], folder: Path, client: httpx.Client) -> None:
        self.port = ports["9080"]
        self.second_port = ports["9081"]
        self.folder = folder
        self.get = client.get
        self.post = client.post


@contextmanager
def example(name: str, folder: Path, *, config: str = "Caddyfile") -> Iterator[Served]:
    """Serve a folder of the checkout from a copy in `folder`."""
    ports = {port: free_port() for port in PORTS}
    copy_example(name, folder)
    for path in (folder / config, *folder.rglob("*.caddyfile")):
        text = path.read_text()
        for old, new in ports.items():
            text = text.replace(f":{old}", f":{new}")
        path.write_text(text)
    with (
        running((folder / config).read_text(), folder, name=config),
        httpx.Client(base_url=f"http://localhost:{ports['9080']}", timeout=20) as client,
    ):
        yield Served(ports, folder, client)


def copy_example(name: str, folder: Path) -> None:
    """Copy `examples/<name>`, or with no name the top-level example and the apps that it runs."""
    if name:
        shutil.copytree(ROOT / "examples" / name, folder, dirs_exist_ok=True)
        return
    shutil.copy(ROOT / "Caddyfile.example", folder)
    shutil.copytree(ROOT / "examples/demo", folder / "examples/demo")
