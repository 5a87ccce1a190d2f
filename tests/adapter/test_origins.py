"""A fault of the document is told where the Caddyfile has what made it."""

from __future__ import annotations

import pytest

from snake.adapter.adapt import adapt
from snake.adapter.origins import Origins, place
from snake.caddyfile.errors import CaddyfileError
from snake.config.document import Document
from snake.core.errors import ConfigError, DocumentError, StartError
from snake.standard import catalogue

SITE = """\
http://a.com http://b.com {
	@old {
		path_regexp ^/a
		not remote_ip 10.0.0.1
	}
	handle @old {
		header x y
		python {
			module_wsgi main:app
			working_dir there
			env_file one.env
			env_file two.env
		}
	}
	handle /x {
		respond "two words" 200
	}
	log {
		output file x.log
		level LOUD
	}
}
"""
SERVER = "apps/http/servers/srv0"
INNER = f"{SERVER}/routes/0/handle/0/routes"
MATCHED = f"{INNER}/0/match/0"
PYTHON = f"{INNER}/0/handle/0/routes/0/handle/1"


def adapted(text: str) -> tuple[Document, Origins]:
    """Adapt a Caddyfile, and keep the origins."""
    origins = Origins()
    document, _ = adapt(text, "Caddyfile", catalogue(), origins)
    return document, origins


def report(path: str, message: str, kind: type[DocumentError] = ConfigError) -> list[str]:
    """Return what is printed of an error with this path."""
    document, origins = adapted(SITE)
    placed = place(kind(message, path), document, origins.encode())
    assert isinstance(placed, CaddyfileError)
    return str(placed).splitlines()


@pytest.mark.parametrize(
    ("path", "message", "line", "shown"),
    [
        (f"{SERVER}/listen", "cannot listen", 1, "http://a.com"),
        (f"{SERVER}/routes/0/match/0/host", "b.com", 1, "http://a.com"),
        (f"{MATCHED}/path_regexp/pattern", 'bad: "^/a"', 3, "^/a"),
        (f"{MATCHED}/path_regexp/pattern", "bad", 3, "path_regexp"),
        (f"{MATCHED}/not/0/remote_ip", "wrong: '10.0.0.1'", 4, "10.0.0.1"),
        (f"{INNER}/1/match/0/path", "bad", 15, "handle"),
        (f"{INNER}/1/handle/0/routes/0/handle/0", 'bad "two words"', 16, '"two words"'),
        (PYTHON, 'the app "main:app" is wrong', 9, "main:app"),
        (PYTHON, 'env_file "two.env" is not there', 12, "two.env"),
        (PYTHON, 'has another working_dir than "main:app"', 10, "working_dir"),
        (f"{PYTHON}/working_dir", "bad", 10, "working_dir"),
        (PYTHON, "is wrong", 8, "python"),
        ("logging/logs/log0/writer/filename", "bad", 18, "log"),
        ("logging/logs/log0/writer", "cannot open the log file x.log: no", 19, "x.log"),
        ("logging/logs/log0/level", 'unknown level "LOUD"', 20, "LOUD"),
    ],
)
def test_the_innermost_part_tells_the_line(path: str, message: str, line: int, shown: str) -> None:
    """The caret is under the word that the message quotes or the field it is about, or the name."""
    first, source, carets = report(path, message)

    assert first == f"Caddyfile:{line}: {message}"
    assert source[carets.index("^") :].startswith(shown)


def test_a_traceback_comes_after_the_place() -> None:
    """Only the first line of a message stands before the source line."""
    lines = report(PYTHON, 'the app "main:app" failed:\n\nTraceback\n  x', StartError)

    assert lines[0] == 'Caddyfile:9: the app "main:app" failed:'
    assert lines[2].strip() == "^^^^^^^^"
    assert lines[3:] == ["", "Traceback", "  x"]


@pytest.mark.parametrize("path", ["", "storage", "apps/http/servers/nowhere/0", "apps/http"])
def test_what_has_no_origin_stays_as_it_is(path: str) -> None:
    """An error of no line of the Caddyfile keeps its path."""
    document, origins = adapted(SITE)
    error = ConfigError("bad", path)

    assert place(error, document, origins.encode()) is error


def test_an_import_is_told() -> None:
    """A line of a snippet says who imported it."""
    document, origins = adapted("(app) {\n\tpython main:app\n}\n:80 {\n\timport app\n}")
    error = StartError("wrong", f"{SERVER}/routes/0/handle/0")

    report = str(place(error, document, origins.encode()))
    assert report.startswith("Caddyfile:2: wrong\n")
    assert "Caddyfile:5" in report


def test_modules_of_any_order_have_their_places() -> None:
    """The fields of a matcher may be in another order in the document than in its module."""
    text = "http://a.com {\n\t@old file {\n\t\ttry_files x\n\t\troot y\n\t}\n\trespond @old x\n}\n"
    document, origins = adapted(text)
    path = f"{SERVER}/routes/0/handle/0/routes/0/match/0/file"
    placed = place(ConfigError("no root", path), document, origins.encode())
    assert "Caddyfile:4: no root" in str(placed)
    placed = place(ConfigError("no server", f"{SERVER}/idle_timeout"), document, origins.encode())
    assert "Caddyfile:1: no server" in str(placed)
