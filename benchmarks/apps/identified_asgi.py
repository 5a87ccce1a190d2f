"""FastAPI, and each answer says which process gave it and how long that took to import this."""

from __future__ import annotations

import time

_BEGAN = time.perf_counter()

import os  # noqa: E402

from fastapi import FastAPI, Response  # noqa: E402

app = FastAPI()


@app.get("/hello")
async def hello(response: Response) -> dict[str, str]:
    """Greet."""
    response.headers["X-Process"] = str(os.getpid())
    response.headers["X-Import"] = f"{IMPORT:.4f}"
    return {"message": "Hello, World!"}


IMPORT = time.perf_counter() - _BEGAN
