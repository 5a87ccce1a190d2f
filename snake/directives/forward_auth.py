"""forward_auth: ask another server whether a request may go on.

Syntax::

    forward_auth [<matcher>] [<upstreams...>] {
        uri          <uri>
        copy_headers <field | from>to...> {
            <field | from>to...>
        }
        <any subdirective of reverse_proxy>
    }

The upstream gets the request as a GET without body, for `uri`, with the method and
URI of the client in `X-Forwarded-Method` and `X-Forwarded-Uri`. When its status is
2xx, the request goes on, with the headers of `copy_headers` as the upstream has sent
them, under another name after `>`, and never as the client has. Any other response is
the client's answer.

It is short for a `reverse_proxy` with `handle_response`.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from snake.directives.header import Headers
from snake.directives.reverse_proxy import Proxy, ReverseProxy
from snake.directives.vars import Vars
from snake.http.fields import canonical
from snake.http.header_ops import HeaderOps
from snake.http.response_handler import ResponseHandler
from snake.http.response_matcher import ResponseMatcher
from snake.plugin import Directive, Route, Scope, Segment, Words, take_out, to_json, unchecked

SUCCESS = 2


def parse(line: Segment, scope: Scope) -> ReverseProxy:
    """Read a `forward_auth` line; what it does not know is for `reverse_proxy`."""
    uri = ""
    fields: dict[str, str] = {}

    def read_uri(words: Words) -> None:
        nonlocal uri
        word = words.take()
        if uri:
            word.fail(f"cannot re-declare uri: {word}")
        uri = word.text

    rest = take_out(line, {"uri": read_uri, "copy_headers": lambda words: _copied(words, fields)})
    if not uri:
        line.fail("forward_auth: the 'uri' subdirective is required")
    proxy = Proxy(scope, responses=[_on_success(fields)])
    proxy.up.set["X-Forwarded-Method"] = "{http.request.method}"
    proxy.up.set["X-Forwarded-Uri"] = "{http.request.uri}"
    proxy.fields.set("rewrite/method", "GET")
    proxy.fields.set("rewrite/uri", uri)
    return proxy.read(rest)


def _copied(words: Words, fields: dict[str, str]) -> None:
    """Read names of headers, with other names to give them."""
    given = [word.text for word in words.all()]
    inside = words.block()
    if inside.block == ():
        words.token.fail("copy_headers has an empty block")
    given += [each.name for each in unchecked(inside)]
    for each in given:
        name, *others = each.split(">")
        fields[name] = others[0] if others else name
    if not fields:
        words.token.fail("copy_headers takes the names of headers")


def _on_success(fields: dict[str, str]) -> ResponseHandler:
    # Without a route, the response would be sent on.
    nothing = Route(handle=(to_json(Vars(), "handler"),))
    names = sorted(fields, key=str.encode)
    copies = [route for name in names for route in _copy(canonical(name), canonical(fields[name]))]
    return ResponseHandler(ResponseMatcher(status_code=(SUCCESS,)), routes=(nothing, *copies))


def _copy(source: str, target: str) -> Iterator[Route]:
    """Yield the routes that take a header off the request, and put the response's there.

    If the response has none, nothing is put there: not even what the client has sent.
    """
    value = f"{{http.reverse_proxy.header.{source}}}"
    absent = msgspec.json.encode([{"vars": {value: [""]}}])
    take_off = Headers(request=HeaderOps(delete=(target,)))
    put_there = Headers(request=HeaderOps(set={target: (value,)}))
    yield Route(handle=(to_json(take_off, "handler"),))
    yield Route(
        match=({"not": msgspec.Raw(absent)},),
        handle=(to_json(put_there, "handler"),),
    )


directive = Directive("forward_auth", parse)
