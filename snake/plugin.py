"""All that a directive needs, ours or yours. What is not here is not public.

snake's own directives import this and nothing lower in the adapter, so the API
that a plugin gets is the API that every shipped directive proves.
"""

from __future__ import annotations

from snake.adapter.addresses import Bind
from snake.adapter.directive import (
    AuthorityValue,
    Directive,
    ErrorRouteValue,
    LiteralValue,
    Loaded,
    LogValue,
    MatcherArg,
    MatcherSet,
    MatcherSyntax,
    Option,
    Parsed,
    RoutesValue,
    RouteValue,
    Scope,
    TLSValue,
)
from snake.adapter.rest import warn_of_rest
from snake.adapter.shorthands import short_name
from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.fields import Fields, Reader, Table, read_block
from snake.caddyfile.guests import Guests
from snake.caddyfile.scalar import Scalar, scalar
from snake.caddyfile.segments import Segment, Token
from snake.caddyfile.words import Words, subdirectives, take_out, unchecked
from snake.config.http import Route
from snake.config.logging import Log
from snake.config.struct import Config, Duration, Guest
from snake.core.errors import ConfigError, SnakeError, StartError
from snake.core.modules import Context, Module, to_json
from snake.core.namespace import In
from snake.core.surroundings import fill_all as filled
from snake.dns.provider import Provider as DNSProvider
from snake.dns.provider import ProviderError as DNSProviderError
from snake.dns.provider import Record as DNSRecord
from snake.http.errors import AbortError, HandlerError
from snake.http.handler import Handler, HandlerModule, Message, Next, Receive, Send
from snake.http.matcher import MAP, Matcher, MatcherModule, Shape
from snake.http.request import Request
from snake.http.response import Header, on_start, respond
from snake.http.template import Template

__all__ = [
    "MAP",
    "AbortError",
    "AuthorityValue",
    "Bind",
    "CaddyfileError",
    "Config",
    "ConfigError",
    "Context",
    "DNSProvider",
    "DNSProviderError",
    "DNSRecord",
    "Directive",
    "Duration",
    "ErrorRouteValue",
    "Fields",
    "Guest",
    "Guests",
    "Handler",
    "HandlerError",
    "HandlerModule",
    "Header",
    "In",
    "LiteralValue",
    "Loaded",
    "Log",
    "LogValue",
    "Matcher",
    "MatcherArg",
    "MatcherModule",
    "MatcherSet",
    "MatcherSyntax",
    "Message",
    "Module",
    "Next",
    "Option",
    "Parsed",
    "Reader",
    "Receive",
    "Request",
    "Route",
    "RouteValue",
    "RoutesValue",
    "Scalar",
    "Scope",
    "Segment",
    "Send",
    "Shape",
    "SnakeError",
    "StartError",
    "TLSValue",
    "Table",
    "Template",
    "Token",
    "Words",
    "filled",
    "on_start",
    "read_block",
    "respond",
    "scalar",
    "short_name",
    "subdirectives",
    "take_out",
    "to_json",
    "unchecked",
    "warn_of_rest",
]
