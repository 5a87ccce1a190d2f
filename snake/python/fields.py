"""The fields of the `python` handler, as JSON has them: Caddy Snake's, and snake's own."""

from __future__ import annotations

import re

from snake.config.struct import Config
from snake.http.template import split
from snake.python.cache import Cache
from snake.python.isolation import Isolation


class PythonFields(Config):
    """One app. Numbers and durations are text, as written."""

    module_wsgi: str = ""
    module_asgi: str = ""
    module_esgi: str = ""
    runtime: str = ""
    lifespan: str = ""
    working_dir: str = ""
    venv_path: str = ""
    python_path: str = ""
    workers: str = ""
    workers_runtime: str = ""
    threads: str = ""
    preload: str = ""
    autoreload: str = ""
    autoreload_ignore: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    env_vars: dict[str, str] = {}
    start_timeout: str = ""
    request_timeout: str = ""
    max_requests: str = ""
    max_memory: str = ""
    max_dynamic_apps: str = ""
    isolation: Isolation | None = None
    request_body_max_size: str = ""
    cache: Cache | None = None

    @property
    def name(self) -> str:
        """The app, as `module:attribute`."""
        return self.module_asgi or self.module_wsgi or self.module_esgi

    @property
    def dynamic(self) -> tuple[str, str] | None:
        """The first field that holds a placeholder, and its text; `None` when none does.

        Such an app is another one for other requests. Braces in a variable that are no
        placeholder, as in JSON, are text.
        """
        for field in ("module_wsgi", "module_asgi", "working_dir", "venv_path", "env_files"):
            value = getattr(self, field)
            text = value if isinstance(value, str) else " ".join(value)
            if _BRACES.search(text):
                return field, text
        for text in self.env_vars.values():
            if "{" in text and not all(isinstance(part, str) for part in split(text)[0]):
                return "env_vars", text
        return None


_BRACES = re.compile(r"\{.*\}", re.DOTALL)
