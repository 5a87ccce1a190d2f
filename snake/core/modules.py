"""The module system: what a configuration is made of, and how it comes to life.

A `Module` is one frozen struct. Its fields are the JSON it accepts, and
`provision` turns it into the thing that runs. The struct never changes after
it is decoded and never holds a socket, a task or a lock: those live in what
`provision` returns, and the `Context` closes them.

Modules are named by ID in a table of import paths, as entry points are, so a
configuration imports only what it uses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, TypeVar, dataclass_transform

import msgspec

from snake.core.check import check
from snake.core.errors import ConfigError, DocumentError
from snake.core.locate import locate
from snake.core.namespace import OF_PLUGINS
from snake.core.nulls import without_nulls
from snake.core.numbers import Number, encode_number
from snake.core.plugins import Table
from snake.core.suggest import suggestion

T = TypeVar("T")
M = TypeVar("M", bound="Module")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Module(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """The base of all modules."""

    id: ClassVar[str]
    """Where the module sits: `<namespace>.<name>`, e.g. `http.handlers.static_response`."""

    bare: ClassVar[str | None] = None
    """The one field whose value is the whole JSON of this module, for modules that are no object.

    `http.matchers.host` is `["a.com"]`, not `{"hosts": ["a.com"]}`: it has `bare = "hosts"`.
    With it, `http.handlers.vars` takes any field beside its name.
    """

    async def provision(self, ctx: Context) -> Any:  # noqa: ANN401
        """Return the running form of this module; `ctx` owns what it opens.

        Raises `ConfigError` (by `ctx.fail`) for a value that cannot work. A module
        that has no `provision` of its own does not run: what stands in it is checked,
        and then it is refused by name.
        """
        check(self, ctx.registry, ctx.path)
        raise ctx.fail(f"{self.id} does not run in this version of snake")


def name_of(module: type[Module]) -> str:
    """Return the last label of the module's ID, the name that JSON uses."""
    return module.id.rpartition(".")[2]


def to_json(module: Module, key: str | None = None) -> msgspec.Raw:
    """Encode a module; with `key`, its own name goes into that field (`"handler": "headers"`).

    The order of keys is Caddy's: that of the fields, but of the alphabet, at every
    depth, in a module that bears its name.
    """
    whole = module if module.bare is None else getattr(module, module.bare)
    text = _in_order.encode(whole)
    if key is None:
        return msgspec.Raw(text)
    fields = _long_numbers_rounded(text) if _LONG_NUMBER.search(text) else _untyped.decode(text)
    fields[key] = name_of(type(module))
    return msgspec.Raw(_sorted.encode(fields))


_in_order = msgspec.json.Encoder(order="deterministic", enc_hook=encode_number)
_sorted = msgspec.json.Encoder(order="sorted", enc_hook=encode_number)
_untyped = msgspec.json.Decoder(float_hook=Number)
_LONG_NUMBER = re.compile(rb"[0-9]{16}|[:\[,]-0[,\]}]")


def _long_numbers_rounded(text: bytes) -> dict[str, Any]:
    """Decode an object in which whole numbers are floats, as they are in Go.

    Only those of more than 53 bits are changed by that, and -0, so it is seldom done.
    """
    import json  # noqa: PLC0415  (it is slower, and seldom needed)

    found: dict[str, Any] = json.loads(text, parse_int=Number, parse_float=Number)
    return found


_FEW = 8
"""How many names are shown when none is near."""


class Registry:
    """Finds module classes by ID; each is imported when first asked for.

    `table` maps an ID to `package.module:Class`. Plugins add to it through the
    entry-point group `snake.modules`.
    """

    def __init__(self, table: Mapping[str, str]) -> None:
        self._table = Table(table, "snake.modules")

    def __contains__(self, id: str) -> bool:
        return id in self._table

    def names(self, namespace: str) -> list[str]:
        """Return the names in a namespace: `http.handlers` has `static_response`, ..."""
        prefix = f"{namespace}."
        rest = (id[len(prefix) :] for id in self._table if id.startswith(prefix))
        return sorted(name for name in rest if "." not in name)

    def get(self, id: str) -> type[Module]:
        """Return the module class with this ID. Raises `ConfigError` when there is none."""
        if id not in self._table:
            namespace, _, name = id.rpartition(".")
            known = self.names(namespace)
            hint = suggestion(name, known)
            if not hint and 0 < len(known) <= _FEW:
                hint = f"; known: {', '.join(known)}{OF_PLUGINS.get(namespace, '')}"
            raise ConfigError(f"unknown module: {id}{hint}")
        return load_object(self._table[id])  # type: ignore[no-any-return]

    def decode(
        self, raw: msgspec.Raw, namespace: str, key: str, name: str | None, path: str
    ) -> Module:
        """Decode a guest, named by its field `key`, or by `name` where a map key names it.

        Raises `ConfigError` at `path` or below.
        """
        given = _name_in(raw, key, path) if name is None else name
        try:
            cls = self.get(f"{namespace}.{given}")
        except ConfigError as error:
            raise ConfigError(error.message, path) from error
        if name is not None:
            if bytes(raw) == b"null":
                raise ConfigError("module value cannot be null", path)
            return decode_bare(raw, cls, path)
        if cls.bare is None:
            module: Module = decode(raw, _with_name(cls, key), path)
            return module
        return decode_bare(_without(raw, key), cls, path)


@cache
def load_object(path: str) -> Any:  # noqa: ANN401
    """Import `package.module:name`. Raises `ConfigError` that names the package on failure."""
    module, _, name = path.partition(":")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"cannot load {path}: {error}") from error


class Context:
    """One generation of one configuration: loads guest modules, owns what they open.

    `at()` gives the same context one step deeper in the document, so that every
    error names its JSON path.
    """

    __slots__ = ("_shared", "_stack", "path", "registry", "services")

    def __init__(
        self,
        registry: Registry,
        stack: AsyncExitStack,
        services: Mapping[type[Any], Any] | None = None,
        path: str = "",
    ) -> None:
        self.registry = registry
        self.services: Mapping[type[Any], Any] = services or {}
        self.path = path
        self._stack = stack
        self._shared: dict[type[Any], Any] = {}

    def at(self, *steps: str | int) -> Context:
        """Return this context at a deeper place in the document."""
        path = "/".join([self.path, *map(str, steps)]).lstrip("/")
        deeper = Context(self.registry, self._stack, self.services, path)
        deeper._shared = self._shared
        return deeper

    def fail(self, message: str) -> ConfigError:
        """Return the error for this place; the caller raises it."""
        return ConfigError(message, self.path)

    def offering(self, kind: type[T], service: T) -> Context:
        """Return this context with one more service, for a part of the document."""
        inner = Context(self.registry, self._stack, {**self.services, kind: service}, self.path)
        inner._shared = self._shared
        return inner

    def service(self, kind: type[T]) -> T | None:
        """Return what the host offers under this type, e.g. `logs.app.Logs`; `None` if nothing."""
        return self.services.get(kind)

    def shared(self, kind: type[T]) -> T:
        """Return the one object of this type in this generation, made when first asked for.

        What several modules of a config have in common lives in it.
        """
        if kind not in self._shared:
            self._shared[kind] = kind()
        return self._shared[kind]  # type: ignore[no-any-return]

    async def load(self, raw: msgspec.Raw, *, namespace: str, key: str) -> Any:  # noqa: ANN401
        """Decode and provision the guest module in `raw`, named by its field `key`."""
        return await self._provision(self.registry.decode(raw, namespace, key, None, self.path))

    async def load_named(self, raw: msgspec.Raw, id: str) -> Any:  # noqa: ANN401
        """Decode and provision the guest module that a map key names, as matchers are."""
        namespace, _, name = id.rpartition(".")
        return await self._provision(self.registry.decode(raw, namespace, "", name, self.path))

    async def _provision(self, module: Module) -> Any:  # noqa: ANN401
        """Provision a module. What it raises without a place has happened here."""
        try:
            return await module.provision(self)
        except DocumentError as error:
            if error.path:
                raise
            raise type(error)(error.message, self.path) from error

    async def enter(self, resource: AbstractAsyncContextManager[T]) -> T:
        """Open `resource`; it closes when this generation of the config does."""
        return await self._stack.enter_async_context(resource)


def _name_in(raw: msgspec.Raw, key: str, path: str) -> str:
    try:
        name = msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).get(key)
        return msgspec.json.decode(name or b"", type=str)
    except msgspec.DecodeError:
        message = f"expected an object with the field {key!r}, the module's name"
        raise ConfigError(message, path) from None


def _without(raw: msgspec.Raw, key: str) -> msgspec.Raw:
    fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    return msgspec.Raw(msgspec.json.encode({k: v for k, v in fields.items() if k != key}))


@cache
def _with_name(cls: type[M], key: str) -> type[M]:
    """Return `cls` with one more field, the one that holds its name."""
    return msgspec.defstruct(  # type: ignore[return-value]
        cls.__name__, [(key, str)], bases=(cls,), kw_only=True, frozen=True
    )


_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>[^`]*)`")
_PLACE = re.compile(r" - at `\$?(?P<path>[^`]*)`\Z")


def decode(raw: bytes | msgspec.Raw, cls: type[T], path: str = "") -> T:
    """Decode JSON into `cls`. Raises `ConfigError` with the JSON path and the nearest name."""
    return _decode(raw, cls, path, "")


def decode_bare(raw: msgspec.Raw, cls: type[M], path: str = "") -> M:
    """Decode a module that a map key names; see `Module.bare`."""
    if cls.bare is None:
        return decode(raw, cls, path)
    return _decode(b'{"%s":%s}' % (cls.bare.encode(), bytes(raw)), cls, path, cls.bare)


def _decode(raw: bytes | msgspec.Raw, cls: type[T], path: str, unwritten: str) -> T:
    """Decode; `unwritten` is a field that stands in `raw` and not in the document."""
    try:
        return msgspec.json.decode(raw, type=cls)
    except msgspec.ValidationError:
        pass
    except msgspec.DecodeError as error:
        raise explain(error, cls, path) from None
    except RecursionError:
        raise ConfigError("JSON is nested too deeply", path) from None
    try:
        if b"null" in bytes(raw):
            raw = without_nulls(raw, cls)
            with suppress(msgspec.ValidationError):
                return msgspec.json.decode(raw, type=cls)
        steps, kind, fault = locate(raw, cls)
    except msgspec.DecodeError as error:  # malformed, further on than the first wrong value
        raise explain(error, cls, path) from None
    except RecursionError:
        raise ConfigError("JSON is nested too deeply", path) from None
    if steps[:1] == [unwritten]:
        del steps[0]
    raise explain(fault, kind, "/".join(step for step in [path, *steps] if step)) from None


def explain(error: msgspec.DecodeError, cls: type[Any], path: str) -> ConfigError:
    """Translate msgspec's error: its `$.a[0].b` becomes `path/a/0/b`, with a hint for a name."""
    message = str(error)
    place = _PLACE.search(message)
    if place:
        steps = place["path"].replace("[", ".").replace("]", "").split(".")
        path = "/".join(step for step in [path, *steps] if step)
        message = message[: place.start()]
    if unknown := _UNKNOWN.match(message):
        fields = getattr(cls, "__struct_encode_fields__", ())
        hint = suggestion(unknown["name"], fields) if not place else ""
        message = f'unknown field "{unknown["name"]}"{hint}'
    else:
        message = f"{message[:1].lower()}{message[1:]}".replace("jSON", "JSON")
    return ConfigError(message, path)
