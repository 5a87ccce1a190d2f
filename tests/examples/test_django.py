"""examples/django."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.examples.example import copy_example, example


def test_django_serves_pages_forms_and_static_files(tmp_path: Path) -> None:
    """Django renders and takes a form with its CSRF token; its static files do not reach it."""
    copy_example("django", tmp_path)
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--no-input"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    with example("django", tmp_path) as served:
        page = served.get("/")
        style = served.get("/static/pages/style.css")
        missing = served.get("/static/nothing.css")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert token is not None
        form = {"name": "Ada", "csrfmiddlewaretoken": token[1]}
        greeting = served.post("/hello/", data=form)
        forged = served.post("/hello/", data={"name": "Ada"})

    assert '<link rel="stylesheet" href="/static/pages/style.css">' in page.text
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert missing.status_code == 404
    assert missing.text == ""
    assert "<h1>Hello, Ada!</h1>" in greeting.text
    assert forged.status_code == 403
