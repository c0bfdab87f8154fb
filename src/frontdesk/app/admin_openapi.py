"""Owns the description of the admin API, served as OpenAPI.

    GET /api/openapi.json

What there is to describe: `admin_requests`. Source: OpenAPI Specification 3.1.0.
"""

from typing import Any, Final

import orjson

from frontdesk import __version__
from frontdesk.app.admin_requests import ROWS, TEXT, Row
from frontdesk.gateway.admin import FRESH
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import JSON, refusal

PATH: Final = "/api/openapi.json"


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
                    "properties": {
                        "message": TEXT,
                        "hint": TEXT,
                        "findings": {"type": "array", "items": {"type": "object"}},
                    },
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
            str(row.status): {"description": "done", "content": {row.kind: {"schema": {}}}},
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
