"""Page: a listing as HTML, by the template beside this file."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from snake.core.thread import in_thread
from snake.files.browse.words import Words
from snake.http.request import Request
from snake.http.response import Header

_FOLDER = Path(__file__).parent
_POLICY = (
    "default-src 'none'; img-src 'self'; object-src 'none'; base-uri 'none'; "
    "script-src {}; style-src {}; frame-ancestors 'self'; form-action 'self';"
)


class OwnPage:
    """snake's own page. It allows the browser nothing but its own style and script."""

    def __init__(self) -> None:
        parts = _parts()
        environment = ImmutableSandboxedEnvironment(
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            loader=FileSystemLoader(_FOLDER),
            auto_reload=False,
        )
        # They are ours.
        environment.globals |= {name: Markup(text) for name, text in parts.items()}  # noqa: S704
        self._template = environment.get_template("listing.html")
        policy = _POLICY.format(_source(parts["script"]), _source(parts["style"]))
        self._headers: list[Header] = [(b"content-security-policy", policy.encode())]

    async def __call__(self, request: Request, words: Words) -> tuple[list[Header], bytes]:
        """Return the fields that the page needs, and the page."""
        del request
        return self._headers, await in_thread(self._render, words)

    def _render(self, words: Any) -> bytes:  # noqa: ANN401
        return self._template.render(words).encode("utf-8", "replace")


def standalone() -> str:
    """Return the template in one file, with style, script and icons, to be changed by somebody."""
    text = (_FOLDER / "listing.html").read_text("utf-8")
    for name, part in _parts().items():
        text = text.replace(f"{{{{ {name} }}}}", f"{{% raw %}}{part}{{% endraw %}}")
    return text


def _parts() -> dict[str, str]:
    return {
        name.partition(".")[0]: (_FOLDER / name).read_text("utf-8").strip()
        for name in ("style.css", "script.js", "icons.svg")
    }


def _source(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
