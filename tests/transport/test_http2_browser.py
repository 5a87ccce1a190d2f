"""A browser, which chooses by itself what it speaks."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import shutil
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from snake.transport.asgi import Receive, Scope, Send
from tests.transport.crypt import EC, encrypting, issue
from tests.transport.wire import serving

CHROMIUM = shutil.which("chromium")
PAGE = b"""<!doctype html><body><p>waiting</p><img src=/wait><script>
const socket = new WebSocket(location.href.replace("https", "wss") + "socket");
socket.onopen = () => socket.send("hello");
const show = text => document.querySelector("p").textContent = text;
socket.onmessage = message => { show(message.data); socket.close(4000); };
socket.onerror = () => show("no socket");
</script>"""


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
async def test_page_and_websocket(tmp_path: Path) -> None:
    """Chromium gets a page over HTTP/2, and its WebSocket on the same connection."""
    seen: list[tuple[str, str]] = []
    codes: list[int] = []
    over = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((scope["type"], scope["http_version"]))
        if scope["path"] == "/wait":  # the page is not there before this is
            async with asyncio.timeout(20):
                await over.wait()
        if scope["type"] == "http":
            fields = [(b"content-type", b"text/html")]
            await send({"type": "http.response.start", "status": 200, "headers": fields})
            await send({"type": "http.response.body", "body": PAGE})
            return
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": f"{message['text']} back"})
        codes.append(message["code"])
        over.set()

    certificate = issue(trustme.CA(key_type=EC), "localhost")
    async with serving(app, encryption=await encrypting(certificate)) as server:
        shown = await _browse(
            f"https://localhost:{server.address[1]}/", certificate.chain, tmp_path
        )
    assert "hello back" in shown
    assert ("http", "2") in seen
    assert ("websocket", "2") in seen
    assert codes == [4000]


async def _browse(url: str, chain: str, folder: Path) -> str:
    """Return what a browser makes of a page."""
    key = x509.load_pem_x509_certificate(chain.encode()).public_key()
    encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    known = base64.b64encode(hashlib.sha256(encoded).digest()).decode()
    process = await asyncio.create_subprocess_exec(
        str(CHROMIUM),
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--dump-dom"),
        *("--timeout=5000", f"--ignore-certificate-errors-spki-list={known}"),
        f"--user-data-dir={folder / 'chromium'}",
        url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "HOME": str(folder)},
    )
    async with asyncio.timeout(50):
        return (await process.communicate())[0].decode()
