"""Draws the documents of REST APIs: `aws_api_gateway_*`."""

from collections.abc import Iterator
from typing import Any, Final

from frontdesk.config.imports.documents import as_json, blank, operation_at
from frontdesk.config.imports.resources import MISSING, Declared, Resource
from frontdesk.config.openapi.document import AWS
from frontdesk.config.placed import Branch


class RestDrawing:
    """The documents of `aws_api_gateway_*` resources."""

    def __init__(self, declared: Declared) -> None:
        self._declared = declared
        self._resources = declared.by_id("aws_api_gateway_resource")
        self._authorizers = declared.by_id("aws_api_gateway_authorizer")
        self._validators = declared.by_id("aws_api_gateway_request_validator")

    def draw(self, api: Resource) -> Branch:
        """Draw the document of one REST API."""
        drawn = blank(api)
        for key, word in _ROOT_WORDS.items():
            if api.values.get(key) not in (None, "", []):
                drawn.put(f"{AWS}{word}", as_json(api.values[key]), api.origin)
        for validator in self._of("aws_api_gateway_request_validator", api):
            rules = {
                "validateRequestBody": bool(validator.values.get("validate_request_body")),
                "validateRequestParameters": bool(
                    validator.values.get("validate_request_parameters")
                ),
            }
            place = drawn.branch(f"{AWS}request-validators", validator.origin)
            place.put(validator.name, rules, validator.origin)
        for model in self._of("aws_api_gateway_model", api):
            place = drawn.branch("components", model.origin).branch("schemas", model.origin)
            schema = as_json(model.values.get("schema") or "{}")
            place.put(model.text("name") or model.name, schema, model.origin)
        for response in self._of("aws_api_gateway_gateway_response", api):
            said = {
                "statusCode": response.values.get("status_code"),
                "responseTemplates": response.values.get("response_templates"),
                "responseParameters": response.values.get("response_parameters"),
            }
            place = drawn.branch(f"{AWS}gateway-responses", response.origin)
            told = {key: value for key, value in said.items() if value}
            place.put(response.text("response_type"), told, response.origin)
        for method in self._of("aws_api_gateway_method", api):
            self._method(drawn, api, method)
        return drawn

    def _of(self, kind: str, api: Resource) -> Iterator[Resource]:
        return (each for each in self._declared.of(kind) if each.text("rest_api_id") == api.id)

    def _path(self, api: Resource, resource_id: str) -> str | None:
        """Write the path of a resource; None where one on the way is not here."""
        parts: list[str] = []
        for _ in range(64):  # more levels than a path can have; a circle ends
            if resource_id in ("", f"{api.address}/"):
                return "/" + "/".join(reversed(parts))
            resource = self._resources.get(resource_id)
            if resource is None:
                return None
            parts.append(resource.text("path_part"))
            resource_id = resource.text("parent_id")
        return None

    def _method(self, drawn: Branch, api: Resource, method: Resource) -> None:
        verb = method.text("http_method")
        path = method.text("path") or self._path(api, method.text("resource_id"))
        if path is None:
            message = f"method {verb}: nothing here says what its resource is"
            self._declared.tell(MISSING, method.at, message, "declare it")
            return
        parts = {
            kind: [
                each
                for each in self._of(kind, api)
                if each.text("resource_id") == method.text("resource_id")
                and each.text("http_method") == verb
            ]
            for kind in _PARTS_OF_METHOD
        }
        integrations = parts["aws_api_gateway_integration"]
        if not integrations:
            message = f"method {verb} {path}: it has no integration here"
            self._declared.tell(MISSING, method.at, message, "declare it")
            return
        operation = operation_at(drawn, verb, path, method)
        said = _integration(integrations[0], parts["aws_api_gateway_integration_response"])
        operation.put(f"{AWS}integration", said, integrations[0].origin)
        self._protect(drawn, operation, method)
        self._ask(operation, method)
        for response in parts["aws_api_gateway_method_response"]:
            place = operation.branch("responses", response.origin)
            place.put(response.text("status_code"), _answer(response), response.origin)

    def _protect(self, drawn: Branch, operation: Branch, method: Resource) -> None:
        security: dict[str, list[str]] = {}
        kind = method.text("authorization") or "NONE"
        if kind == "AWS_IAM":
            operation.put(f"{AWS}auth", {"type": "AWS_IAM"}, method.origin)
        elif kind != "NONE":
            authorizer = self._authorizers.get(method.text("authorizer_id"))
            if authorizer is None:
                message = f"method {method.text('http_method')}: its authorizer is not here"
                self._declared.tell(MISSING, method.at, message, "declare it")
            else:
                name = authorizer.text("name") or authorizer.name
                _scheme(drawn, name, authorizer)
                security[name] = method.values.get("authorization_scopes") or []
        if method.values.get("api_key_required"):
            place = drawn.branch("components", method.origin)
            place = place.branch("securitySchemes", method.origin)
            key = {"type": "apiKey", "name": "x-api-key", "in": "header"}
            place.put("api_key", key, method.origin)
            security["api_key"] = []
        if security:
            operation.put("security", [security], method.origin)

    def _ask(self, operation: Branch, method: Resource) -> None:
        """Draw what a method asks of requests."""
        parameters = []
        for key, required in (method.values.get("request_parameters") or {}).items():
            _, _, where, name = key.split(".", 3)
            place = "query" if where == "querystring" else where
            parameters.append({"name": name, "in": place, "required": required is True})
        if parameters:
            operation.put("parameters", parameters, method.origin)
        models = method.values.get("request_models") or {}
        if models:
            content = {
                media: {"schema": {"$ref": f"#/components/schemas/{name}"}}
                for media, name in models.items()
            }
            operation.put("requestBody", {"content": content}, method.origin)
        validator = self._validators.get(method.text("request_validator_id"))
        if validator is not None:
            operation.put(f"{AWS}request-validator", validator.name, method.origin)


_ROOT_WORDS: Final = {
    "api_key_source": "api-key-source",
    "binary_media_types": "binary-media-types",
    "minimum_compression_size": "minimum-compression-size",
    "policy": "policy",
}
_PARTS_OF_METHOD: Final = (
    "aws_api_gateway_integration",
    "aws_api_gateway_integration_response",
    "aws_api_gateway_method_response",
)


def _integration(resource: Resource, responses: list[Resource]) -> dict[str, Any]:
    values = resource.values
    said = {
        "type": values.get("type"),
        "uri": values.get("uri"),
        "httpMethod": values.get("integration_http_method"),
        "connectionType": values.get("connection_type"),
        "connectionId": values.get("connection_id"),
        "contentHandling": values.get("content_handling"),
        "passthroughBehavior": values.get("passthrough_behavior"),
        "requestParameters": values.get("request_parameters"),
        "requestTemplates": values.get("request_templates"),
        "timeoutInMillis": values.get("timeout_milliseconds"),
        "cacheKeyParameters": values.get("cache_key_parameters"),
        "responses": {
            response.text("selection_pattern") or "default": _integration_response(response)
            for response in responses
        },
    }
    return {key: value for key, value in said.items() if value}


def _integration_response(response: Resource) -> dict[str, Any]:
    said = {
        "statusCode": response.text("status_code"),
        "responseParameters": response.values.get("response_parameters"),
        "responseTemplates": response.values.get("response_templates"),
        "contentHandling": response.values.get("content_handling"),
    }
    return {key: value for key, value in said.items() if value}


def _answer(response: Resource) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": ""}
    parameters = response.values.get("response_parameters") or {}
    names = [name.removeprefix("method.response.header.") for name in parameters]
    if names:
        answer["headers"] = {name: {"schema": {"type": "string"}} for name in names}
    models = response.values.get("response_models") or {}
    if models:
        answer["content"] = {
            media: {"schema": {"$ref": f"#/components/schemas/{name}"}}
            for media, name in models.items()
            if name not in ("Empty", "Error")
        }
    return answer


def _scheme(drawn: Branch, name: str, authorizer: Resource) -> None:
    values = authorizer.values
    kind = str(values.get("type") or "TOKEN").lower()
    source = str(values.get("identity_source") or "method.request.header.Authorization")
    said = {
        "type": kind,
        "authorizerUri": values.get("authorizer_uri"),
        "authorizerResultTtlInSeconds": values.get("authorizer_result_ttl_in_seconds"),
        "identitySource": source,
        "identityValidationExpression": values.get("identity_validation_expression"),
        "providerARNs": values.get("provider_arns"),
    }
    told = {key: value for key, value in said.items() if value not in (None, "")}
    header = source.removeprefix("method.request.header.")
    place = drawn.branch("components", authorizer.origin)
    place = place.branch("securitySchemes", authorizer.origin)
    scheme = {"type": "apiKey", "in": "header", "name": header, f"{AWS}authorizer": told}
    place.put(name, scheme, authorizer.origin)
