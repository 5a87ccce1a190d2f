"""Caddy Snake's benchmark, the Flask half: one route that answers JSON."""

from __future__ import annotations

from flask import Flask

app = Flask(__name__)


@app.get("/hello")
def hello() -> dict[str, str]:
    """Greet."""
    return {"message": "Hello, World!"}
