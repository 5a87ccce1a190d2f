"""Caddy Snake's benchmark, the FastAPI half: one route that answers JSON."""

from __future__ import annotations

from fastapi import FastAPI

app = FastAPI()


@app.get("/hello")
async def hello() -> dict[str, str]:
    """Greet."""
    return {"message": "Hello, World!"}
