"""core.url."""

from __future__ import annotations

import pytest

from snake.core.url import URL, URLError, parse_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://a", URL("http", "a")),
        ("HTTPS://A:8/p?q#f", URL("https", "A", "8", "/p", "q", "f")),
        ("http://[::1]:8", URL("http", "::1", "8")),
        ("http://[fe80::1%25en0]", URL("http", "fe80::1%en0")),
        ("http://u:p@a@b", URL("http", "b")),
        ("http://a:", URL("http", "a")),
        ("http://\u00e9%c3%a9", URL("http", "\u00e9\u00e9")),
        ("mailto:a", URL("mailto")),
        ("/a:b", URL(path="/a:b")),
        ("//a/b", URL("", "a", "", "/b")),
        ("a/b:c", URL(path="a/b:c")),
        ("*", URL(path="*")),
        ("", URL()),
        ("http://a%25", URL("http", "a%")),
    ],
)
def test_url(text: str, url: URL) -> None:
    """A URL is split into its parts."""
    assert parse_url(text) == url


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("http://a\x00", "invalid control character"),
        (":a", "missing protocol scheme"),
        ("1a://b", "first path segment"),
        ("http://a:b", 'invalid port ":b" after host'),
        ("http://::1", 'invalid port "::1" after host'),
        ("http://[::1]x", 'invalid port "x" after host'),
        ("http://[::1", "missing ']'"),
        ("http://a[::1]", "invalid IP-literal"),
        ("http://[1.2.3.4]", "invalid IP-literal"),
        ("http://[x]", "is no IP address"),
        ("http://a b", 'invalid character " " in host name'),
        ("http://a%41", 'invalid URL escape "%41"'),
        ("http://a%zz", 'invalid URL escape "%zz"'),
        ("http://a/%zz", 'invalid URL escape "%zz"'),
        ("http://a#%zz", 'invalid URL escape "%zz"'),
        ("http://a b@c", "invalid userinfo"),
    ],
)
def test_no_url(text: str, fault: str) -> None:
    """What Go refuses is refused."""
    with pytest.raises(URLError) as raised:
        parse_url(text)
    assert fault in str(raised.value)
