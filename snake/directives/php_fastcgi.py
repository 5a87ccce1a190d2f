"""php_fastcgi: pass requests for PHP files on to a FastCGI server such as php-fpm.

Syntax::

    php_fastcgi [<matcher>] [<upstreams...>] {
        root                 <path>
        split                <extensions...>
        index                <file> | off
        try_files            <files...>
        env                  <name> <value>
        resolve_root_symlink
        dial_timeout         <duration>
        read_timeout         <duration>
        write_timeout        <duration>
        capture_stderr
        <any subdirective of reverse_proxy>
    }

A request for a folder that has an `index.php` is redirected to its address with a
slash at the end. A request for no file that exists gets the `index.php` of the
folder, or that of the root, or the first of `try_files` that exists. What then ends
in `.php`, or in another of the `split` extensions, goes to the upstream.

It is short for a `redir`, a `rewrite` and a `reverse_proxy` with `transport fastcgi`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
from msgspec.structs import replace

from snake.directives.respond import StaticResponse
from snake.directives.reverse_proxy import Proxy
from snake.directives.rewrite import Rewrite
from snake.http.subroute import Subroute
from snake.matchers.file import File
from snake.plugin import (
    Directive,
    Fields,
    LiteralValue,
    MatcherArg,
    Route,
    RouteValue,
    Scope,
    Segment,
    Words,
    take_out,
    to_json,
)
from snake.proxy.fastcgi import FASTCGI, FastCGITransport, env_reader

PATH = "{http.request.uri.path}"
PERMANENT = 308


class Shortcut(msgspec.Struct):
    """What the lines of one `php_fastcgi` say beside those of the proxy."""

    index: str = "index.php"
    extensions: tuple[str, ...] = (".php",)
    files: tuple[str, ...] = ()

    def routes(self) -> Iterator[Route]:
        """Yield the routes before the proxy."""
        if self.index == "off":
            return
        index = f"{PATH}/{self.index}"
        files = self.files or (PATH, index, self.index)
        falls_back = not self.files or files[-1].endswith(".php")
        if index in files:
            yield _redirect_to_folder(index)
        matcher = File(
            try_files=files,
            try_policy="first_exist_fallback" if falls_back else "",
            split_path=self.extensions,
        )
        handler = Rewrite(uri="{http.matchers.file.relative}")
        yield Route(match=({"file": to_json(matcher)},), handle=(to_json(handler, "handler"),))


def _redirect_to_folder(index: str) -> Route:
    target = "{http.request.orig_uri.path}/{http.request.orig_uri.prefixed_query}"
    handler = StaticResponse(status_code=PERMANENT, headers={"Location": (target,)})
    matchers = {
        "file": to_json(File(try_files=(index,))),
        "not": msgspec.Raw(msgspec.json.encode([{"path": ["*/"]}])),
    }
    return Route(match=(matchers,), handle=(to_json(handler, "handler"),))


def parse(line: Segment, scope: Scope) -> RouteValue | LiteralValue:
    """Read a `php_fastcgi` line; what it does not know is for `reverse_proxy`."""
    match, line = scope.match(line)
    shortcut, fields = Shortcut(), Fields()
    rest = take_out(line, _readers(shortcut, fields))
    transport = replace(
        msgspec.convert(fields.values, FastCGITransport), split_path=shortcut.extensions
    )
    proxy = Proxy(scope, transport=to_json(transport, "protocol")).read(rest)
    paths = msgspec.json.encode([f"*{extension}" for extension in shortcut.extensions])
    last = Route(match=({"path": msgspec.Raw(paths)},), handle=(to_json(proxy, "handler"),))
    routes = (*shortcut.routes(), last)
    return RouteValue((Subroute(routes=routes),), match) if match else LiteralValue(routes)


def _readers(shortcut: Shortcut, fields: Fields) -> dict[str, Callable[[Words], None]]:
    def split(words: Words) -> None:
        shortcut.extensions = tuple(word.text for word in words.some("the extensions of PHP files"))

    def index(words: Words) -> None:
        shortcut.index = words.only("one file, or off").text

    def try_files(words: Words) -> None:
        shortcut.files = tuple(word.text for word in words.some("the files to try"))

    def flag(words: Words) -> None:
        # Unlike in the transport's own block, arguments are ignored.
        words.all()
        fields.set(words.name, value=True)

    return fields.readers(FASTCGI) | {
        "env": env_reader(fields),
        "split": split,
        "index": index,
        "try_files": try_files,
        "resolve_root_symlink": flag,
        "capture_stderr": flag,
    }


directive = Directive("php_fastcgi", parse, matcher=MatcherArg.OWN)
