"""JSON Schema of a document, generated from the types of everything that may stand in it.

Source: https://json-schema.org/draft/2020-12.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from snake.core.modules import Module, Registry, name_of
from snake.core.namespace import In

_REFERENCE = "#/$defs/{name}"

Schema = dict[str, Any]

_ID: Schema = {
    "@id": {"description": "A name for who changes this later.", "type": ["string", "number"]}
}
"""What any object may have."""


Fields = Mapping[str, Mapping[str, str]]
"""A sentence for each field of a definition, by the name of that."""


def json_schema(root: type[msgspec.Struct], registry: Registry, fields: Fields) -> Schema:
    """Return the schema of a struct, with all modules of the registry that may stand in it.

    `fields` describes their fields; one that it does not name has no description.
    """
    return _Build(registry, fields).root(root)


class _Build:
    """Collects the definitions that are referred to."""

    def __init__(self, registry: Registry, fields: Fields) -> None:
        self._registry = registry
        self._fields = fields
        self._defs: Schema = {}

    def root(self, root: type[msgspec.Struct]) -> Schema:
        reference = self._struct(root)
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "snake",
            **reference,
            "$defs": dict(sorted(self._defs.items())),
        }

    def _struct(self, kind: type[msgspec.Struct]) -> Schema:
        """Return a reference to a struct's schema, which is made if it is not there yet."""
        name = f"{kind.__module__.removeprefix('snake.')}.{kind.__qualname__}"
        if name not in self._defs:
            self._defs[name] = {}
            self._defs[name] = self._object(kind, name)
        return {"$ref": _REFERENCE.format(name=name)}

    def _object(self, kind: type[msgspec.Struct], called: str) -> Schema:
        hints = get_type_hints(kind, include_extras=True)
        names = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
        told = self._fields.get(called, {})
        properties = {name: self._of(hints[field]) for field, name in names}
        for name in properties.keys() & told.keys():
            schema = properties[name]
            # Of a duration it is known what may be written.
            words = [told[name], *filter(None, [schema.get("description")])]
            properties[name] = {**schema, "description": " ".join(words)}
        return {
            "description": _description(kind),
            "type": "object",
            "properties": properties | _ID,
            "additionalProperties": False,
        }

    def _of(self, hint: Any) -> Schema:  # noqa: ANN401
        """Return the schema of a type."""
        if where := _where(hint):
            return self._guest(where)
        args = get_args(hint)
        match get_origin(hint):
            case origin if origin is Annotated:
                schema = self._of(args[0]) | _notes(hint)
            case origin if origin in (Union, UnionType):
                schema = {"anyOf": [self._of(arg) for arg in args]}
            case origin if origin in (tuple, list):
                schema = {"type": "array", "items": self._of(args[0])}
            case origin if origin is dict:
                schema = self._map(args[1])
            case _ if inspect.isclass(hint) and issubclass(hint, msgspec.Struct):
                schema = self._struct(hint)
            case _:
                schema = {} if hint in (object, Any) else msgspec.json.schema(hint)
        return schema

    def _map(self, value: Any) -> Schema:  # noqa: ANN401
        """Return the schema of a map; of one that names modules, its keys are known."""
        where = _where(value)
        if where is None or where.key:
            return {"type": "object", "additionalProperties": self._of(value)}
        namespace, all = where.namespace, _all_in(where)
        if all not in self._defs:
            self._defs[all] = {}
            modules = {
                name: self._module(f"{namespace}.{name}", "")
                for name in self._registry.names(namespace)
            }
            self._defs[all] = {
                "type": "object",
                "properties": modules,
                "additionalProperties": False,
            }
        return {"$ref": _REFERENCE.format(name=all)}

    def _guest(self, where: In) -> Schema:
        """Return a reference to any module of a namespace, told by the one field that names it."""
        namespace, key, all = where.namespace, where.key, _all_in(where)
        if all not in self._defs:
            self._defs[all] = {}
            names = self._registry.names(namespace)
            choices = [
                {
                    "if": {"properties": {key: {"const": name}}},
                    "then": self._module(f"{namespace}.{name}", key),
                }
                for name in names
            ]
            self._defs[all] = {
                "type": "object",
                "required": [key],
                "properties": {key: {"enum": names}},
                **({"allOf": choices} if choices else {}),
            }
        return {"$ref": _REFERENCE.format(name=all)}

    def _module(self, id: str, key: str) -> Schema:
        """Return a reference to a module's schema; with `key`, its name is in that field."""
        if id not in self._defs:
            self._defs[id] = {}
            self._defs[id] = self._module_schema(self._registry.get(id), id, key)
        return {"$ref": _REFERENCE.format(name=id)}

    def _module_schema(self, kind: type[Module], id: str, key: str) -> Schema:
        if kind.bare is not None:
            hints = get_type_hints(kind, include_extras=True)
            schema = {"description": _description(kind), **self._of(hints[kind.bare])}
        else:
            schema = self._object(kind, id)
        if key:
            name = {key: {"const": name_of(kind)}}
            schema["properties"] = {**name, **schema.get("properties", {})}
        return schema


def _all_in(where: In) -> str:
    """Return the name of the definition of a namespace; a module may be called as one is."""
    return f"{where.namespace}.*"


def _where(hint: Any) -> In | None:  # noqa: ANN401
    """Return the modules that a type stands for, if it does."""
    return next((each for each in getattr(hint, "__metadata__", ()) if type(each) is In), None)


def _notes(hint: Any) -> Schema:  # noqa: ANN401
    """Return what is said of a type beside what it is."""
    notes = (each for each in hint.__metadata__ if isinstance(each, msgspec.Meta))
    return {
        name: value
        for each in notes
        for name in ("title", "description", "examples")
        if (value := getattr(each, name)) is not None
    }


def _description(kind: type) -> str:
    """Return what a struct is; of a module, what the manual of its file says first."""
    if issubclass(kind, Module):
        manual = sys.modules[kind.__module__].__doc__ or ""
        if "\nSyntax::\n" in manual:
            return manual.partition("\n")[0]
    return (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ")
