"""Gradio under a path, with packages of its own, which are many."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest

from tests.server import running
from tests.venvs import venv_with

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not os.environ.get("SNAKE_HEAVY_TESTS"),
        reason="370 MB of packages would be installed; SNAKE_HEAVY_TESTS=1 has it done",
    ),
]

APP = """
import gradio as gr
from fastapi import FastAPI

with gr.Blocks(analytics_enabled=False) as demo:
    name = gr.Textbox()
    out = gr.Textbox()
    gr.Button().click(lambda text: f"hello {text}", name, out, api_name="greet")

app = gr.mount_gradio_app(FastAPI(), demo, path="/")
"""


def test_gradio_under_a_path(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The page and its files are below the path, and an event is answered as it is computed."""
    venv = venv_with(tmp_path_factory, "gradio>=5,<7")
    (tmp_path / "main.py").write_text(APP)
    lines = ("module_asgi main:app", "lifespan on", f"venv {venv}", "workers 1")
    site = "\n".join(["handle_path /demo/* {", "python {", *lines, "}", "}"])
    with running(f"{{\nadmin off\n}}\n:PORT {{\n{site}\n}}\n", tmp_path) as server:
        url = f"{server.url}/demo"
        assert "Gradio" in httpx.get(f"{url}/").text
        assert httpx.get(f"{url}/config").json()["root"] == url
        asked = httpx.post(f"{url}/gradio_api/call/greet", json={"data": ["you"]}).json()
        events = httpx.get(f"{url}/gradio_api/call/greet/{asked['event_id']}", timeout=20).text
        assert events == 'event: complete\ndata: ["hello you"]\n\n'
