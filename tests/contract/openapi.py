"""Validate responses and requests by inference_server/openapi.yaml."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
import yaml

REPOSITORY = Path(__file__).parents[2]
API = yaml.safe_load((REPOSITORY / "inference_server/openapi.yaml").read_text())
SCHEMAS = API["components"]["schemas"]

_formats = FormatChecker(["uuid"])


@_formats.checks("date-time", raises=ValueError)
def _is_point_in_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def validate(name: str, value: object) -> None:
    """Raise jsonschema.ValidationError unless the value is of the schema of this name."""
    _validate({"$ref": f"#/components/schemas/{name}"}, value)


def validate_answer(method: str, path: str, status: int, content_type: str, value: object) -> None:
    """Raise unless the API documents this response."""
    responses = API["paths"][path][method.lower()]["responses"]
    assert str(status) in responses, f"{method} {path} is not documented to answer with {status}"
    response = _resolve(responses[str(status)])
    assert content_type in response["content"], f"{content_type} is not documented for {status}"
    _validate(response["content"][content_type]["schema"], value)


def validate_request(method: str, path: str, value: object) -> None:
    """Raise unless the API allows this JSON as the request."""
    content = API["paths"][path][method.lower()]["requestBody"]["content"]
    _validate(content["application/json"]["schema"], value)


def required_fields(name: str) -> list[tuple[str | int, ...]]:
    """Return the path of every required field of the schema, those of list items included."""
    return list(_required({"$ref": f"#/components/schemas/{name}"}, ()))


def _required(
    schema: dict[str, Any], where: tuple[str | int, ...]
) -> Iterator[tuple[str | int, ...]]:
    schema = _resolve(schema)
    for name in schema.get("required", ()):
        yield (*where, name)
        yield from _required(schema["properties"][name], (*where, name))
    if schema.get("type") == "array":
        yield from _required(schema["items"], (*where, 0))


def _validate(schema: dict[str, Any], value: object) -> None:
    whole = {**schema, "components": API["components"]}
    Draft202012Validator(whole, format_checker=_formats).validate(value)


def _resolve(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        found = API
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema
