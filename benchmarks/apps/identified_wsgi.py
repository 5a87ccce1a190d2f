"""Flask, and each answer says which process gave it and how long that took to import this."""

from __future__ import annotations

import time

_BEGAN = time.perf_counter()

import os  # noqa: E402

from flask import Flask  # noqa: E402

app = Flask(__name__)


@app.get("/hello")
def hello() -> tuple[dict[str, str], dict[str, str]]:
    """Greet."""
    fields = {"X-Process": str(os.getpid()), "X-Import": f"{IMPORT:.4f}"}
    return {"message": "Hello, World!"}, fields


IMPORT = time.perf_counter() - _BEGAN
