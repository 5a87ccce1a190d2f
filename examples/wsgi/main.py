"""WSGI with nothing but the standard library: counts the words of what is posted."""

from collections.abc import Iterator

USAGE = b"POST a text to count its words.\n"


def application(environ, start_response):
    """Answer a GET with help, and a POST with a count for each line, as it comes in."""
    if environ["REQUEST_METHOD"] != "POST":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [USAGE]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return counts(environ["wsgi.input"])


def counts(lines) -> Iterator[bytes]:
    """Yield the number of words of each line; neither body is ever whole in memory."""
    for line in lines:
        yield b"%d\n" % len(line.split())
