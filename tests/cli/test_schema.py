"""`snake schema`: what an editor can know of a configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from snake.config.document import Document
from snake.config.fields import descriptions
from snake.core.schema import json_schema
from snake.engine.warm import registry
from tests.server import run

GOLDEN = sorted((Path(__file__).parents[1] / "adapt").glob("*.caddyfiletest"))


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    """Return what checks documents."""
    schema = json_schema(Document, registry(), descriptions())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_command_prints_it(tmp_path: Path) -> None:
    """It is JSON, and says which schema it follows."""
    done = run("schema", folder=tmp_path)

    assert done.returncode == 0
    assert json.loads(done.stdout) == json_schema(Document, registry(), descriptions())


def test_every_field_is_described() -> None:
    """Each field has a sentence for whoever points at it in an editor, and no sentence is left."""
    told = {(name, field) for name, each in descriptions().items() for field in each}
    definitions = json_schema(Document, registry(), {})["$defs"]
    fields = {
        (name, field)
        for name, definition in definitions.items()
        for field, schema in definition.get("properties", {}).items()
        if not name.endswith(".*") and field != "@id" and "const" not in schema
    }

    assert fields - told == set(), "describe them in snake/config/fields.toml"
    assert told - fields == set()


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_what_we_adapt_conforms(validator: Draft202012Validator, file: Path) -> None:
    """The JSON of every golden file is right by the schema."""
    _, _, expected = file.read_text().partition("\n----------\n")

    if expected.lstrip().startswith("{"):
        validator.validate(json.loads(expected))


def server(**fields: Any) -> Any:
    """Return a document with one server."""
    return {"apps": {"http": {"servers": {"srv0": fields}}}}


@pytest.mark.parametrize(
    ("document", "place", "message"),
    [
        ({"app": {}}, "", "'app' was unexpected"),
        (server(listen=":80"), "apps/http/servers/srv0/listen", "is not of type 'array'"),
        (
            server(routes=[{"handle": [{"handler": "respond"}]}]),
            "apps/http/servers/srv0/routes/0/handle/0/handler",
            "is not one of",
        ),
        (
            server(routes=[{"handle": [{"handler": "headers", "respnse": {}}]}]),
            "apps/http/servers/srv0/routes/0/handle/0",
            "'respnse' was unexpected",
        ),
        (
            server(routes=[{"match": [{"path": "/x"}]}]),
            "apps/http/servers/srv0/routes/0/match/0/path",
            "is not of type 'array'",
        ),
        (
            server(routes=[{"match": [{"paths": []}]}]),
            "apps/http/servers/srv0/routes/0/match/0",
            "'paths' was unexpected",
        ),
    ],
)
def test_mistakes_are_found(
    validator: Draft202012Validator, document: Any, place: str, message: str
) -> None:
    """A wrong name or type is found at its place, in modules as well."""
    found = [leaf for error in validator.iter_errors(document) for leaf in leaves(error)]

    assert [
        error
        for error in found
        if "/".join(map(str, error.absolute_path)) == place and message in error.message
    ]


def test_durations_are_explained(validator: Draft202012Validator) -> None:
    """An editor can say what may stand there."""
    servers = validator.schema["$defs"]["config.http.Server"]["properties"]

    assert "A duration: nanoseconds" in servers["idle_timeout"]["description"]
    assert "30s" in servers["idle_timeout"]["examples"]


def test_parts_may_have_ids(validator: Draft202012Validator) -> None:
    """Any object may have an `@id`, as in Caddy."""
    handler = {"@id": 1, "handler": "static_response"}
    validator.validate({"@id": "x", **server(**{"@id": "a", "routes": [{"handle": [handler]}]})})


def leaves(error: Any) -> list[Any]:
    """Return the innermost errors of one."""
    return [leaf for each in error.context for leaf in leaves(each)] or [error]
