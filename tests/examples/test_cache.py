"""examples/cache."""

from __future__ import annotations

import threading
from pathlib import Path

import httpx

from tests.examples.example import example


def test_cache_is_shared_by_both_workers(tmp_path: Path) -> None:
    """Notes, the page, the limit, messages and the queue are the same for all."""
    with example("cache", tmp_path) as served:
        url = f"http://localhost:{served.port}"
        heard: list[str] = []
        listening = threading.Event()

        def listen() -> None:
            with httpx.stream("GET", url + "/news", timeout=20) as response:
                for line in response.iter_lines():
                    listening.set()
                    if line.startswith("data: "):
                        heard.append(line)
                        return

        listener = threading.Thread(target=listen)
        listener.start()
        assert listening.wait(20)
        added = served.post("/", content="hello")
        listener.join(20)
        pages = [httpx.get(url).json()["notes"] for _ in range(8)]
        refused = [httpx.post(url, content="more").status_code for _ in range(12)]
        job: list[httpx.Response] = []
        worker = threading.Thread(
            target=lambda: job.append(httpx.get(url + "/work?wait=20", timeout=30))
        )
        worker.start()
        served.post("/work", content="a job")
        worker.join(30)

    assert added.json() == {"notes": 1, "readers": 1}
    assert heard == ['data: "hello"']
    assert pages == [["hello"]] * 8
    assert refused == [201] * 9 + [429] * 3
    assert job[0].json()["job"] == "a job"
