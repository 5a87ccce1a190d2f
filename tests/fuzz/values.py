"""Values: what may stand in a line where a form asks for a kind of value."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


VALUES: dict[str, tuple[str, ...]] = {
    "m": ("", "", "*", "/x", "/x/*", "/api/v1/*", "@a", "@b", "/*", "/x*", "/longer/path"),
    "text": ("hi", '"two words"', '`raw "text"`', "{path}", "a<b>&c", '""', "é", "{$SNAKE_FUZZ:x}"),
    "word": _words("a b foo bar-baz x_y 10 X"),
    "name": _words("one two three"),
    "field": _words("X-A X-B Content-Type Cache-Control x-lower"),
    "path": ("/srv", "/var/www/html", "static", '"/with space"', "{vars.root}", "/x/{host}"),
    "uri": _words("/new /new?a=1 {path}?{query} /a{uri} ?only=1 /index.php?{query}&x=y"),
    "url": _words("https://example.com{uri} /elsewhere http://a.com/x"),
    "status": _words("200 201 204 301 404 500 418"),
    "code": _words("404 500 5xx 4xx 410"),
    "size": _words("512 10MB 1MiB 64KiB 1GB 4096"),
    "dur": _words("5s 1m 30s 500ms 1h30m 2d 10m"),
    "n": _words("1 2 3 10 100"),
    "host": _words("a.com b.com *.c.com localhost example.org"),
    "method": _words("GET POST put DELETE HEAD"),
    "cidr": _words("10.0.0.0/8 192.168.1.1 private_ranges fd00::/8 127.0.0.1/32"),
    "ip": _words("1.1.1.1 8.8.8.8:53 127.0.0.1"),
    "re": _words("^/x/(.*)$ \\.php$ [a-z]+ (?i)foo a|b"),
    "up": _words(
        "localhost:8080 127.0.0.1:9000 app :8081 unix//run/a.sock {$SNAKE_FUZZ:app:80} a:8000-8002"
    ),
    "sup": _words("https://app.com https://10.0.0.1:8443 https://app"),
    "hup": _words("h2c://app:80 h2c://10.0.0.1:8080"),
    "file": _words("index.html {path} {path}/ {path}.html /index.php =404"),
    "hash": ("$2a$14$Zkx19XLiW6VYouLHR5NmfOFU0z2GTNmpkT/5qqR7hx4IjWJPDhjvG",),
    "email": _words("me@example.com admin@a.com"),
    "ph": _words("{method} {header.X-A} {http.request.uri.path} {re.x.1} {vars.a}"),
    "op": _words("X-A +X-A -X-B ?X-C >X-D"),
    "level": _words("INFO DEBUG WARN ERROR"),
    "logpath": _words("/var/log/a.log access.log {$SNAKE_FUZZ:x}/b.log"),
    "curve": _words("x25519 secp256r1 secp384r1"),
    "cipher": _words("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 TLS_AES_128_GCM_SHA256"),
    "onoff": _words("on off"),
    "mime": _words("text/html text/plain application/json"),
    "cel": (
        "`{path}.startsWith('/a')`",
        '"{method} == \\"GET\\""',
        "`header({'X-A': 'b*'}) && {host} == 'a.com'`",
    ),
}
