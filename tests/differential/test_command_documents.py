"""`respond`, `file-server` and `reverse-proxy` run the JSON that Caddy's commands run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from snake.cli import file_server, quick_document, respond, reverse_proxy
from snake.cli.main import main
from tests.caddy_memory import configuration
from tests.server import free_ports

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")

RESPOND = [
    "respond -l 127.0.0.1:PORT",
    "respond -l 127.0.0.1:PORT -v --access-log -H a:b -H x-Request-iD:z -H A:c 404",
    "respond -l 127.0.0.1:PORT --status 200 404",
    "respond --listen=127.0.0.1:PORT -s 201 -b {{.N}}:{{.Port}}:{{.Address}}",
]
FILES = [
    "file-server -l 127.0.0.1:PORT",
    "file-server -l 127.0.0.1:PORT -b -t -p br,gzip -p zstd --no-compress -f 5 -a -v -r .",
    "file-server -l 127.0.0.1:PORT -b --reveal-symlinks",
    "file-server -l 127.0.0.1:PORT --browse --templates",
]
PROXY = [
    "reverse-proxy --from http://127.0.0.1:PORT --to unix//x.sock --to 127.0.0.1,y:1-3",
    "reverse-proxy -f :PORT -t http://x --header-up a:b -H c:d -d -X:y -c -v --insecure",
    "reverse-proxy -f http://a.b:PORT --to https://x:9 --insecure -d a:b --access-log",
    "reverse-proxy -f localhost:PORT --to :9000 -i -r",
]


@pytest.mark.slow
@pytest.mark.parametrize("line", [*RESPOND, *FILES, *PROXY])
def test_document_is_caddys(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole document is equal, limits of the server included."""
    monkeypatch.chdir(tmp_path)
    args = line.replace("PORT", str(free_ports(1)[0])).split()

    assert made(args, monkeypatch) == configuration(*args, folder=tmp_path)


def made(args: list[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the document that snake's command runs, without running it."""
    kept: list[Any] = []

    def keep(document: Any, _: Callable[..., None] | None = None) -> int:
        kept.append(document)
        return 0

    for module in (respond, file_server, reverse_proxy):
        monkeypatch.setattr(module, "run", keep)
    assert main(args) == 0
    return kept[0]


def test_ranges_are_servers_of_their_own() -> None:
    """Each port of a range has a server with its own number, in the JSON's order."""
    first, second = respond.each_port("127.0.0.1:8001-8002")

    assert respond.filled("{{.N}} {{- .Port}}", 1, second) == "18002"
    assert quick_document.document({}, debug=False)["admin"]["disabled"]
    assert str(first) == "127.0.0.1:8001"
