"""Routing: sites of handlers that change requests and responses, made by chance."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import product

from tests.differential.scenarios import Ask, Scenario
from tests.fuzz.forms import Form, Writer

FILES = {"a.txt": "a", "b.html": "b", "a/b/x": "x"}


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_PLACEHOLDERS = _words(
    "{path} {uri} {query} {query.x} {header.X-In} {method} {host} {dir} {file} {path.0} {path.1} "
    "{re.m.1} {http.regexp.1} {vars.v} {m1} {m2} {nope} {orig_uri} {orig_path} {?query} {%path} "
    "{err.status_code} {err.message} {http.response.header.X-A} {cookie.c} {file.ext} {file.base}"
)
_TEXTS = (*_PLACEHOLDERS, *(f"{a}{b}" for a, b in product(("a", "/", "-"), _PLACEHOLDERS)))

VALUES: dict[str, Sequence[str]] = {
    "m": (
        *_words("/a /a* /a/* /b /a/b* /[ab] /? /A /a/b /b/* /x%20y /%C3%A9 /a/*/c /a.t?t"),
        *("", "", "*", "@n0", "@n1"),
    ),
    "p": _words("/a /a* /a/* /b * /a/b* *.txt *b* /[ab] /? /A /b/* /x%20y *.html /a/*/c"),
    "t": tuple(f"`{text}`" for text in (*_TEXTS, "a b", "x", "1", "${1}")),
    "source": _words("{path} {method} {query.x} {vars.v} {header.X-In} {path.0}{method}"),
    "u": (
        *_words("/new /a/{path.1} {path}/x /x{uri} ?{query.x} ?x=1&{query} /q?{query}&z={path} /é"),
        *_words("/{header.X-In} /%41/%2f? /../{file} {path}?a={header.X-In}"),
    ),
    "to": _words("/to https://example.test{uri} {query.x} ../up ?{query} /a{path}"),
    "code": ("", "301", "303", "307", "308", "permanent", "html", "401"),
    "status": ("", "200", "201", "204", "304", "404", "500", "{query.x}"),
    "s": _words("404 500 403 {query.x}"),
    "f": _words("X-A X-B X-C X-{path.0} Content-Language"),
    "g": _words("X-A X-* *-A X-B *-*"),
    "h": _words("X-In X-New X-Other"),
    "re": _words("a (.) x+ ^/ [a-z]+ (.)b$ (?P<n>.)"),
    "new": _words("x $1 ${1}y /$n {path} /{query.x} /"),
    "prefix": _words("/a a /A /a/b /%61 {path.0} / //a"),
    "suffix": _words(".txt /b b / %20y .HTML"),
    "find": _words("a / b // % {query.x}"),
    "by": _words("b /x {method} %2F é"),
    "k": _words("x y z {query.x}"),
    "limit": ("", "1", "2", "0"),
    "out": _words("one {path} - 2.50 true two"),
    "try": (
        *_words("/none {path}.html /a.txt?{query} {path}/"),
        *("{path} /a.txt", "{path} /b.html?x={path}", "{path} /a.txt?a=b"),
    ),
    "host": _words("example.test *.test other sub.test"),
    "method": _words("GET POST PUT {query.x}"),
}

DIRECTIVES: tuple[Form, ...] = (
    "respond [<m>] <t> [<status>]",
    "respond <m> (200|204|403|404)",
    "redir <m> <to> <code>",
    "rewrite <m> <u>",
    "header <m> [+|-|?|>]<f> <t>",
    "header <m> <f> <re> <new>",
    "header -<g>",
    ("header <m>", ("<f> <t>", "+<f> <t>", "?<f> <t>", "><f> <t>", "-<g>", "defer")),
    ("header", ("match status (2xx|404)", "<f> <t>", "-<g>")),
    "request_header <m> (+|-|)<h> <t>",
    "request_header <h> <re> <new>",
    "request_header Host <host>",
    "uri <m> strip_prefix <prefix>",
    "uri <m> strip_suffix <suffix>",
    "uri <m> replace <find> <by> <limit>",
    "uri <m> path_regexp <re> <new>",
    "uri query (|+|-)<k> <by>",
    "uri query <k>><k>",
    "uri query (*|x) <re> <new>",
    "vars <m> v <t>",
    "method <method>",
    "error <m> <t> <s>",
    "abort /abort*",
    ("request_body <m>", ("!set <t>",)),
    "try_files <try>",
    ("map <source> {m1} {m2}", ("!/a <out> <out>", "GET <out> <out>", "~<re> <new> <new>",
                           "default <out> <out>")),
)  # fmt: skip
MATCHERS: tuple[Form, ...] = (
    "path <p> <p>",
    "method (GET|POST|PUT)",
    "query x=(1|*|a)",
    "header X-In (*|a|b*)",
    "header !X-In",
    "path_regexp m (^/(a)|(.)b$)",
    "vars v (a|x|1)",
    "vars {m1} (one|x)",
    "vars_regexp m v (a|(.)$)",
    "not path <p>",
    "expression `{method} == 'GET'`",
    "file {path}",
    "host <host>",
)
INTERCEPTED: tuple[Form, ...] = (
    "replace_status @i (299|404|{query.x})",
    ("handle_response @i", ("!header X-I {resp.status_code}",)),
    ("handle_response @i", ("!header -X-A", "!respond <t> 298")),
)
TARGETS = (
    *_words("/ /a /a/b /b /a/b/c /ab /c.txt /A/B /x%20y /a%2Fb //a//b /a/../b /a/./b /%C3%A9 /a/"),
    *_words("/b/c/d /a.html /x.y.z /abort /a.txt /b.html"),
)
QUERIES = ("", "", "?", "?x=1", "?x=404", "?x=a&y=b", "?x={method}", "?y=%20&x=%zz", "?x=a%2Fb")
_DEEPEST = 2


class Sites:
    """Makes scenarios; those of one seed are always the same."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._chance = random.Random(seed)
        self._write = Writer(self._chance, VALUES)

    def scenario(self, requests: int = 15) -> Scenario:
        """Return a site and what it is asked."""
        lines = ["root {$FILES}", *self._matcher("@n0"), *self._matcher("@n1"), *self._block(0, 6)]
        if self._likely(0.5):
            codes = self._chance.choice(("", "404", "5xx 403", "4xx"))
            inner = [*self._block(1, 3), "respond `E {err.status_code} {uri}`"]
            lines += [f"handle_errors {codes} {{", *inner, "}"]
        if self._likely(0.8):
            lines.append("respond `{method} {uri} {path} {vars.v} {m1} {m2} {header.X-In} {host}`")
        asks = tuple(self._ask() for _ in range(requests))
        return Scenario(f"seed {self._seed}", asks, site="\n".join(lines), files=FILES)

    def _likely(self, probability: float) -> bool:
        return self._chance.random() < probability

    def _matcher(self, name: str) -> list[str]:
        forms = self._chance.sample(MATCHERS, self._chance.randint(1, 2))
        return [f"{name} {{", *(line for form in forms for line in self._write.lines(form)), "}"]

    def _block(self, depth: int, most: int = 4) -> list[str]:
        return [
            line for _ in range(self._chance.randint(1, most)) for line in self._directive(depth)
        ]

    def _directive(self, depth: int) -> list[str]:
        if depth < _DEEPEST and self._likely(0.25):
            head = self._chance.choice(("handle <m>", "route <m>", "handle_path", "intercept <m>"))
            if head == "intercept <m>":
                inner = ["@i " + self._chance.choice(("status 2xx", "status 404", "header X-A *"))]
                inner += self._write.lines(self._chance.choice(INTERCEPTED))
            else:
                inner = self._block(depth + 1)
            if head == "handle_path":
                head += " " + self._chance.choice(("/a*", "/a/*", "/b", "/a/b*", "/*"))
            return [f"{self._write.line(head)} {{", *inner, "}"]
        return self._write.lines(self._chance.choice(DIRECTIVES))

    def _ask(self) -> Ask:
        choose = self._chance.choice
        fields = []
        if self._likely(0.4):
            fields.append(("X-In", choose(("a", "b", "bc", "/a", "{path}"))))
        if self._likely(0.2):
            fields.append(("Host", choose(("other", "sub.test", "other:81"))))
        method = choose(("GET", "GET", "GET", "POST", "HEAD", "PUT"))
        return Ask(method, choose(TARGETS) + choose(QUERIES), tuple(fields))
