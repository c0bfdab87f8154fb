"""Owns the description of the admin API: one table of what can be asked for, served as OpenAPI.

    GET /api/openapi.json

Whoever adds a request to a face of the admin listener adds its row here.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

from frontdesk import __version__
from frontdesk.gateway.admin import FRESH
from frontdesk.gateway.operators import Role
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import JSON, refusal

PATH: Final = "/api/openapi.json"

Schema = Mapping[str, Any]

TEXT: Final[Schema] = {"type": "string"}
TRUE_OR_FALSE: Final[Schema] = {"type": "boolean"}


class Row(NamedTuple):
    """One request.

    path: with `{name}` for its variables. role: who may. query: schemas of parameters by name. body: schemas of
    the members of a JSON object by name; a name with `*` behind it must be there.
    """

    method: str
    path: str
    summary: str
    role: Role = Role.VIEWER
    query: Mapping[str, Schema] = {}
    body: Mapping[str, Schema] = {}


def whole(least: int, most: int) -> Schema:
    """Describe a whole number."""
    return {"type": "integer", "minimum": least, "maximum": most}


def one_of(*words: str) -> Schema:
    """Describe a word out of several."""
    return {"type": "string", "enum": list(words)}


_HEADERS: Final[Schema] = {
    "type": "array",
    "items": {"type": "array", "items": TEXT, "minItems": 2, "maxItems": 2},
}

OBSERVING: Final = (
    Row(
        "GET",
        "/api/overview",
        "Figures of the last minute; what needs somebody, and the busiest routes, of the last minutes",
        query={"minutes": whole(1, 1440)},
    ),
    Row(
        "GET",
        "/api/metrics/history",
        "Series of the last minutes, in steps of seconds",
        query={
            "series": TEXT,
            "minutes": whole(1, 1440),
            "step": whole(10, 86_400),
            "api": TEXT,
            "route": TEXT,
        },
    ),
    Row(
        "GET",
        "/api/requests",
        "The last requests of clients that were watched, newest first; asking has them watched for a minute",
        query={
            "last": whole(1, 500),
            **dict.fromkeys(("method", "status", "api", "route", "key", "q"), TEXT),
        },
    ),
    Row(
        "GET", "/api/requests/{id}", "All of one: stages, attempts, fields, bodies; secrets masked"
    ),
    Row(
        "POST",
        "/api/requests/replay",
        "Send a request to the door again, as a new one",
        Role.OPERATOR,
        body={
            "method*": TEXT,
            "path*": TEXT,
            "query": TEXT,
            "host": TEXT,
            "headers": _HEADERS,
            "body": TEXT,
        },
    ),
)

USERS: Final = (
    Row("GET", "/api/users", "All users, with their roles"),
    Row(
        "PUT",
        "/api/users/{name}",
        "Make a user, or change one",
        Role.ADMIN,
        body={"role*": one_of("viewer", "operator", "admin"), "password": TEXT},
    ),
    Row("DELETE", "/api/users/{name}", "Remove a user; their sessions are over", Role.ADMIN),
    Row(
        "GET",
        "/api/audit",
        "Who has changed what, newest first",
        query={"most": whole(1, 1000), "text": TEXT},
    ),
)

ROWS: Final[Sequence[Row]] = (
    *OBSERVING,
    *USERS,
    Row("GET", PATH, "This description"),
)


def document() -> dict[str, Any]:
    """Write all rows as OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for row in ROWS:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Frontdesk admin API", "version": __version__},
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "`admin.token`"},
                "session": {"type": "apiKey", "in": "cookie", "name": "frontdesk-session"},
            },
            "schemas": {
                "Refusal": {
                    "type": "object",
                    "properties": {"message": TEXT, "hint": TEXT},
                    "required": ["message"],
                }
            },
        },
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
    }


def _operation(row: Row) -> dict[str, Any]:
    variables = [part[1:-1] for part in row.path.split("/") if part.startswith("{")]
    parameters = [
        *({"name": name, "in": "path", "required": True, "schema": TEXT} for name in variables),
        *({"name": name, "in": "query", "schema": schema} for name, schema in row.query.items()),
    ]
    refusal_ = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
    told: dict[str, Any] = {
        "summary": row.summary,
        "x-role": row.role.name.lower(),
        "responses": {
            "200": {"description": "done", "content": {"application/json": {"schema": {}}}},
            "default": {"description": "why it was not done", "content": refusal_},
        },
    }
    if parameters:
        told["parameters"] = parameters
    if row.body:
        members = {name.rstrip("*"): schema for name, schema in row.body.items()}
        schema: dict[str, Any] = {"type": "object", "properties": members}
        if required := [name.rstrip("*") for name in row.body if name.endswith("*")]:
            schema["required"] = required
        content = {"application/json": {"schema": schema}}
        told["requestBody"] = {"required": True, "content": content}
    return told


class AdminDocument:
    """The face that serves it."""

    needs_token = True

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path == PATH

    def answer(self, ex: Exchange) -> Reply:
        """See Face."""
        if ex.method not in ("GET", "HEAD"):
            return refusal(405, "method", (b"allow", b"GET, HEAD"))
        return Reply(200, [JSON, FRESH], orjson.dumps(document()))
