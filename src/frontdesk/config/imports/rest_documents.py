"""Draws the documents of REST APIs: `aws_api_gateway_*`."""

from collections.abc import Iterator
from typing import Any, Final

from frontdesk.config.imports.documents import (
    IAM,
    as_json,
    authorizer_of,
    blank,
    operation_at,
    put_integration,
    put_ours,
    put_scheme,
    put_security,
    put_signed,
    section,
)
from frontdesk.config.imports.resources import Declared, Resource
from frontdesk.config.imports.stages import settings_of_methods
from frontdesk.config.openapi.document import AWS
from frontdesk.config.openapi.reading import OURS_OF_API
from frontdesk.config.placed import Branch

TYPES: Final = (
    "aws_api_gateway_authorizer",
    "aws_api_gateway_gateway_response",
    "aws_api_gateway_integration",
    "aws_api_gateway_integration_response",
    "aws_api_gateway_method",
    "aws_api_gateway_method_response",
    "aws_api_gateway_model",
    "aws_api_gateway_request_validator",
    "aws_api_gateway_resource",
)
"""What is drawn here, beside APIs."""

_MOST_LEVELS: Final = 64
"""More than a path can have: resources that are each other's parents end."""

_ROOT_WORDS: Final = {
    "api_key_source": f"{AWS}api-key-source",
    "binary_media_types": f"{AWS}binary-media-types",
    "minimum_compression_size": f"{AWS}minimum-compression-size",
    "policy": f"{AWS}policy",
}
_VALIDATOR: Final = {
    "validate_request_body": "validateRequestBody",
    "validate_request_parameters": "validateRequestParameters",
}
_GATEWAY_RESPONSE: Final = {
    "status_code": "statusCode",
    "response_templates": "responseTemplates",
    "response_parameters": "responseParameters",
}
_INTEGRATION: Final = {
    "type": "type",
    "uri": "uri",
    "integration_http_method": "httpMethod",
    "connection_type": "connectionType",
    "connection_id": "connectionId",
    "content_handling": "contentHandling",
    "passthrough_behavior": "passthroughBehavior",
    "request_parameters": "requestParameters",
    "request_templates": "requestTemplates",
    "timeout_milliseconds": "timeoutInMillis",
}
_INTEGRATION_RESPONSE: Final = {
    "status_code": "statusCode",
    "response_parameters": "responseParameters",
    "response_templates": "responseTemplates",
    "content_handling": "contentHandling",
}
_AUTHORIZER: Final = {
    "authorizer_uri": "authorizerUri",
    "authorizer_result_ttl_in_seconds": "authorizerResultTtlInSeconds",
    "identity_validation_expression": "identityValidationExpression",
    "provider_arns": "providerARNs",
}
"""Attribute → member of AWS's extension."""

_KEY_PARTS: Final = {"querystring": "query", "header": "header", "path": "path"}
"""Where a cache key parameter is found → the first word of a part of our keys."""


class RestDrawing:
    """The documents of `aws_api_gateway_*` resources."""

    def __init__(self, declared: Declared) -> None:
        self._declared = declared
        self._resources = declared.by_id("aws_api_gateway_resource")
        self._authorizers = declared.by_id("aws_api_gateway_authorizer")
        self._validators = declared.by_id("aws_api_gateway_request_validator")

    def draw(self, api: Resource) -> Branch:
        """Draw the document of one REST API."""
        drawn = blank(api, self._declared)
        for word, value in api.said(_ROOT_WORDS).items():
            drawn.put(word, as_json(value) if word == f"{AWS}policy" else value, api.origin)
        cors = api.mapping("cors")
        if cors:
            drawn.branch(OURS_OF_API, api.origin).put("cors", cors, api.origin)
        for validator in self._of("aws_api_gateway_request_validator", api):
            rules = {word: validator.flag(name) for name, word in _VALIDATOR.items()}
            place = drawn.branch(f"{AWS}request-validators", validator.origin)
            place.put(validator.id, rules, validator.origin)
        for model in self._of("aws_api_gateway_model", api):
            schema = as_json(model.values.get("schema") or "{}")
            section(drawn, "schemas", model).put(model.name, schema, model.origin)
        for response in self._of("aws_api_gateway_gateway_response", api):
            place = drawn.branch(f"{AWS}gateway-responses", response.origin)
            said = response.said(_GATEWAY_RESPONSE)
            place.put(response.text("response_type"), said, response.origin)
        settings = settings_of_methods(self._declared, api)
        for method in self._of("aws_api_gateway_method", api):
            self._method(drawn, api, method, settings)
        return drawn

    def _of(self, kind: str, api: Resource) -> Iterator[Resource]:
        return (each for each in self._declared.of(kind) if each.text("rest_api_id") == api.id)

    def _path(self, api: Resource, resource_id: str) -> str | None:
        """Write the path of a resource; None where one on the way is not here."""
        parts: list[str] = []
        for _ in range(_MOST_LEVELS):
            if resource_id in ("", f"{api.address}/", api.text("root_resource_id")):
                return "/" + "/".join(reversed(parts))
            resource = self._resources.get(resource_id)
            if resource is None:
                return None
            parts.append(resource.text("path_part"))
            resource_id = resource.text("parent_id")
        return None

    def _method(
        self, drawn: Branch, api: Resource, method: Resource, settings: dict[str, dict[str, Any]]
    ) -> None:
        verb = method.text("http_method")
        path = method.text("path") or self._path(api, method.text("resource_id"))
        if path is None:
            message = f"{method.address}: nothing here says what its resource is"
            self._declared.missing(method.at, message, "declare it")
            return
        integrations = list(self._parts("aws_api_gateway_integration", api, method))
        if not integrations:
            message = f"{method.address}: {verb} {path} has no integration here"
            self._declared.missing(method.at, message, "declare it")
            return
        key, integration = f"{verb} {path}", integrations[0]
        operation = operation_at(drawn, key, method)
        responses = self._parts("aws_api_gateway_integration_response", api, method)
        said = integration.said(_INTEGRATION)
        answers = {
            response.text("selection_pattern", "default"): response.said(_INTEGRATION_RESPONSE)
            for response in responses
        }
        put_integration(operation, {**said, "responses": answers} if answers else said, integration)
        self._protect(drawn, operation, method)
        self._ask(operation, method)
        put_ours(operation, _ours(key, integration, settings), method)
        for response in self._parts("aws_api_gateway_method_response", api, method):
            place = operation.branch("responses", response.origin)
            place.put(response.text("status_code"), _answer(response), response.origin)

    def _parts(self, kind: str, api: Resource, method: Resource) -> Iterator[Resource]:
        """Find what belongs to a method, and stands beside it."""
        for each in self._of(kind, api):
            same = each.text("resource_id") == method.text("resource_id")
            if same and each.text("http_method") == method.text("http_method"):
                yield each

    def _protect(self, drawn: Branch, operation: Branch, method: Resource) -> None:
        security: dict[str, list[str]] = {}
        kind = method.text("authorization", "NONE")
        if kind == IAM:
            put_signed(operation, method)
        elif kind != "NONE":
            authorizer = authorizer_of(method, method.address, self._authorizers, self._declared)
            if authorizer is not None:
                security[_scheme(drawn, authorizer)] = method.texts("authorization_scopes")
        put_security(drawn, operation, security, method)

    def _ask(self, operation: Branch, method: Resource) -> None:
        """Draw what a method asks of requests."""
        parameters = [
            {"name": name, "in": "query" if where == "querystring" else where, "required": required}
            for (where, name), required in _request_parameters(method)
        ]
        if parameters:
            operation.put("parameters", parameters, method.origin)
        content = _models(method.mapping("request_models"))
        if content:
            operation.put("requestBody", {"content": content}, method.origin)
        validator = self._validators.get(method.text("request_validator_id"))
        if validator is not None:
            operation.put(f"{AWS}request-validator", validator.id, method.origin)


def _request_parameters(method: Resource) -> Iterator[tuple[tuple[str, str], bool]]:
    """Yield where a parameter is and its name, and whether it must be there."""
    for key, required in method.mapping("request_parameters").items():
        yield _parameter(method, key), required in (True, "true")


def _parameter(holder: Resource, key: str) -> tuple[str, str]:
    """Take `method.request.querystring.NAME` apart: where it is, and its name."""
    words = key.split(".", 3)
    if len(words) != 4 or words[:2] != ["method", "request"]:
        raise holder.refused(f"expected a parameter such as method.request.header.NAME, got {key}")
    return words[2], words[3]


def _models(models: Any) -> dict[str, Any]:
    """Refer to models by media type; those that every API has of its own say nothing."""
    return {
        media: {"schema": {"$ref": f"#/components/schemas/{name}"}}
        for media, name in models.items()
        if name not in ("Empty", "Error")
    }


def _ours(key: str, integration: Resource, settings: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Say what stages set for a method: its limit, and how long its answers are kept."""
    ours = {**settings.get("*/*", {}), **settings.get(key, {})}
    if ours.get("cache") and key.startswith("GET "):
        parts = [
            _parameter(integration, each) for each in integration.texts("cache_key_parameters")
        ]
        names = [f"{_KEY_PARTS.get(where, where)}.{name}" for where, name in parts]
        # At AWS an answer is for all who are let in, unless the key tells them apart.
        return ours | {"cache": {**ours["cache"], "key": ["path", *names], "shared": True}}
    return {name: value for name, value in ours.items() if name != "cache"}


def _answer(response: Resource) -> dict[str, Any]:
    prefix = "method.response.header."
    names = [name.removeprefix(prefix) for name in response.mapping("response_parameters")]
    headers = {name: {"schema": {"type": "string"}} for name in names}
    content = _models(response.mapping("response_models"))
    return {
        "description": "",
        **({"headers": headers} if headers else {}),
        **({"content": content} if content else {}),
    }


def _scheme(drawn: Branch, authorizer: Resource) -> str:
    source = authorizer.text("identity_source", "method.request.header.Authorization")
    kind = authorizer.text("type", "TOKEN").lower()
    said = {"type": kind, "identitySource": source, **authorizer.said(_AUTHORIZER)}
    header = source.removeprefix("method.request.header.")
    scheme = {"type": "apiKey", "in": "header", "name": header}
    return put_scheme(drawn, authorizer, scheme, said)
