"""Owns writing operations: routes and methods in OpenAPI's and AWS's words."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from frontdesk.config.models.api import Api
from frontdesk.config.models.http_api import Route
from frontdesk.config.models.mapping import HeaderMapping, QueryMapping, RequestMapping
from frontdesk.config.models.operation import Operation
from frontdesk.config.models.request_validation import RequestValidation
from frontdesk.config.models.rest_api import Method
from frontdesk.config.models.rest_integration import Integration, MethodResponse
from frontdesk.config.models.root import Config
from frontdesk.config.models.service import Service
from frontdesk.config.openapi.arns import (
    SERVICE_ACTIONS,
    action_uri,
    called_service,
    function_uri,
    machine_arn,
    service_uri,
)
from frontdesk.config.openapi.document import ANY_METHOD, AWS
from frontdesk.config.openapi.integrations import (
    ACTIONS,
    RESPONSE_KEYS,
    SERVICE_SUBTYPES,
    START_SUBTYPES,
    machine_of_templates,
    said_by,
)
from frontdesk.config.openapi.operations import INTEGRATION, VALIDATES
from frontdesk.config.openapi.schemas import JSON
from frontdesk.config.openapi.writing_schemas import write_schema
from frontdesk.config.route_keys import DEFAULT, parse_route_key

Words = dict[str, Any]

_STAGE_VARIABLE: Final = re.compile(r"\$\{stage\.(\w+)\}")
_TIMEOUT: Final = Operation.model_fields["timeout"].default
_TEXT: Final = {"type": "string"}
_VALIDATORS: Final = {
    (False, False): "nothing",
    (False, True): "parameters",
    (True, False): "body",
    (True, True): "all",
}
"""Names of request validators, by whether they judge the body, and parameters."""


class OperationWriter:
    """Writes the operations of one API, and notes what they refer to.

    authorizers: their names. uses_keys: whether one of them asks for an API key, by the scheme
    key_scheme. models: the schemas of the API's models. validators: those that its operations name.
    """

    def __init__(self, config: Config, api: Api, shown: Api | None, version: str) -> None:
        """shown: the API as its file has it, None where that has no AWS words."""
        self._config = config
        self._api = api
        self._version = version
        self._is_swagger = version == "2.0"
        self.authorizers = {api.authorizer} if api.authorizer else set[str]()
        self.uses_keys = False
        self.key_scheme = "api_key"
        while self.key_scheme in config.authorizers:
            self.key_scheme += "_"
        self.validators: Words = {}
        self.models = {
            name: write_schema(shown.models[name].document, version) if shown else {}
            for name in api.models
        }

    def place(self, key: str) -> tuple[str, str]:
        """Say under which path and word of it an operation stands."""
        if key == DEFAULT:
            return f"/{DEFAULT}", ANY_METHOD
        method, _, path = key.partition(" ")
        return path, ANY_METHOD if method == "ANY" else method.lower()

    def write(self, key: str, operation: Operation, shown: Operation | None) -> Words:
        """Write an operation. shown: as its file has it, None where that has no AWS words."""
        words: Words = {
            "parameters": [self._parameter(name, "path") for name in _variables(key)],
            "responses": {"default": {"description": "Any answer"}},
        }
        if key == DEFAULT:
            words["isDefaultRoute"] = True
        if isinstance(operation, Method) and operation.responses:
            words["responses"] = {
                str(status): self._response(response)
                for status, response in operation.responses.items()
            }
        self._secure(words, operation)
        if shown is not None and shown.validation is not None:
            self._validate(words, shown.validation)
        integration = None if shown is None else self._integration(shown)
        if integration is not None and shown is not None:
            if shown.timeout != _TIMEOUT:
                integration["timeoutInMillis"] = round(shown.timeout * 1000)
            words[INTEGRATION] = integration
        return {key: value for key, value in words.items() if value != [] or key == "security"}

    def _parameter(self, name: str, place: str, *, required: bool = True) -> Words:
        kind = _TEXT if self._is_swagger else {"schema": _TEXT}
        return {"name": name, "in": place, "required": required, **kind}

    def _validate(self, words: Words, validation: RequestValidation) -> None:
        for place, needs in (("header", validation.headers), ("query", validation.query)):
            words["parameters"] += [
                self._parameter(name, place, required=need == "required")
                for name, need in needs.items()
            ]
        schemas = {
            media_type: self._reference(entry)
            if isinstance(entry, str)
            else write_schema(entry, self._version)
            for media_type, entry in (validation.body or {}).items()
        }
        if schemas and not self._is_swagger:
            words["requestBody"] = {
                "content": {media_type: {"schema": each} for media_type, each in schemas.items()}
            }
        elif JSON in schemas:
            words["parameters"].append(
                {"name": "body", "in": "body", "required": True, "schema": schemas[JSON]}
            )
        judges = (bool(schemas), bool(validation.headers or validation.query))
        self.validators[_VALIDATORS[judges]] = dict(zip(VALIDATES, judges, strict=True))
        words[f"{AWS}request-validator"] = _VALIDATORS[judges]

    def _reference(self, model: str) -> Words:
        return {"$ref": f"#/{'definitions' if self._is_swagger else 'components/schemas'}/{model}"}

    def _response(self, response: MethodResponse) -> Words:
        words: Words = {"description": "An answer"}
        if response.headers:
            kind = _TEXT if self._is_swagger else {"schema": _TEXT}
            words["headers"] = dict.fromkeys(response.headers, kind)
        schemas = {
            media_type: self._reference(name) for media_type, name in response.models.items()
        }
        if schemas and not self._is_swagger:
            words["content"] = {
                media_type: {"schema": each} for media_type, each in schemas.items()
            }
        elif JSON in schemas:
            words["schema"] = schemas[JSON]
        return words

    def _secure(self, words: Words, operation: Operation) -> None:
        name = operation.authorizer if operation.authorizer is not None else self._api.authorizer
        own = operation.authorizer is not None or operation.scopes or operation.api_key
        if not own:
            return
        security: list[dict[str, list[str]]] = []
        if name not in (None, "none"):
            self.authorizers.add(name)
            security.append({str(name): list(operation.scopes)})
        if operation.api_key:
            self.uses_keys = True
            security.append({self.key_scheme: []})
        words["security"] = security

    def _integration(self, operation: Operation) -> Words | None:
        if isinstance(operation, Method):
            integration = operation.integration
            named = machine_of_templates(integration.request_templates.values())
            if integration.state_machine is not None and named is None:
                return None  # at AWS, only a template can say which state machine is meant
            return self._of_method(integration)
        if isinstance(operation, Route):
            return self._of_route(operation)
        return None

    def _uri(self, function: str, *, streamed: bool = False) -> str:
        config = self._config
        return function_uri(function, config.account, config.region, streamed=streamed)

    def _start(self, route: Route, machine: str) -> Words:
        given = "$request.body" if route.input is None else route.input
        parameters = {
            "StateMachineArn": machine_arn(machine, self._config.account, self._config.region),
            "Input": given if isinstance(given, str) else json.dumps(given),
        }
        if route.name is not None:
            parameters["Name"] = route.name
        return {
            "type": "aws_proxy",
            "integrationSubtype": START_SUBTYPES[route.mode],
            "requestParameters": parameters,
            "payloadFormatVersion": "1.0",
        }

    def _ask(self, service: Service) -> Words:
        config = self._config
        named = {
            "queue": (
                "QueueUrl",
                f"https://sqs.{config.region}.amazonaws.com/{config.account}/{service.name}",
            ),
            "event_bus": ("EventBusName", service.name),
        }
        return {
            "type": "aws_proxy",
            "integrationSubtype": SERVICE_SUBTYPES[service.key],
            "requestParameters": dict([named[service.key]]) | service.parameters,
            "payloadFormatVersion": "1.0",
        }

    def _of_method(self, integration: Integration) -> Words | None:
        words: Words = {"type": integration.type}
        service = _service(integration)
        if service is not None:
            key, name = service
            uri = service_uri(key, name, self._config.account, self._config.region)
            text = said_by(integration.request_parameters, integration.request_templates)
            if called_service(uri, text) != (key, name, SERVICE_ACTIONS[key]):
                return None  # at AWS, only a template can say which topic or bus is meant
            words |= {"httpMethod": "POST", "uri": uri}
        elif integration.function is not None:
            words |= {"httpMethod": "POST", "uri": self._uri(integration.function)}
        elif integration.action is not None:
            uri = action_uri(integration.action, self._config.region)
            words |= {"httpMethod": "POST", "uri": uri}
        elif integration.type != "mock":
            words |= _destination(integration.uri, integration.upstream, integration.path)
            words["httpMethod"] = integration.method or "ANY"
        words["passthroughBehavior"] = integration.passthrough.upper()
        if integration.content_handling is not None:
            words["contentHandling"] = integration.content_handling.upper()
        if integration.request_parameters:
            words["requestParameters"] = dict(integration.request_parameters)
        if integration.request_templates:
            words["requestTemplates"] = dict(integration.request_templates)
        for pattern, response in integration.responses.items():
            said = {theirs: getattr(response, ours) for theirs, ours in RESPONSE_KEYS.items()}
            said["statusCode"] = str(response.status)
            if response.content_handling is not None:
                said["contentHandling"] = response.content_handling.upper()
            words.setdefault("responses", {})[pattern] = {
                key: dict(value) if isinstance(value, dict) else value
                for key, value in said.items()
                if value
            }
        return words

    def _of_route(self, route: Route) -> Words | None:
        if route.function is not None:
            streamed = route.invoke_mode == "response_stream"
            words: Words = {
                "type": "aws_proxy",
                "httpMethod": "POST",
                "uri": self._uri(route.function, streamed=streamed),
                "payloadFormatVersion": route.payload,
            }
        elif route.http is not None:
            words = {"type": "http_proxy", "httpMethod": route.http.method or "ANY"}
            words |= _destination(route.http.url, route.http.upstream, route.http.path)
            words["payloadFormatVersion"] = "1.0"
        elif route.state_machine is not None:
            words = self._start(route, route.state_machine)
        elif route.service is not None:
            words = self._ask(route.service)
        else:
            return None
        if route.request is not None:
            words["requestParameters"] = _request(route.request)
        answers: dict[str, Words] = {}
        for status, mapping in route.response.status.items() if route.response else ():
            answers[str(status)] = _fields("header", mapping.headers)
            if mapping.status is not None:
                answers[str(status)]["overwrite:statuscode"] = str(mapping.status)
        if answers:
            words["responseParameters"] = answers
        return words


def _service(integration: Integration) -> tuple[str, str] | None:
    """Return which queue, topic or bus an integration is with, by our key; None: with none."""
    names = ((key, getattr(integration, key)) for key in SERVICE_ACTIONS)
    return next(((key, name) for key, name in names if name is not None), None)


def _variables(key: str) -> tuple[str, ...]:
    """List the variables of a path, greedy ones with their plus: that is how OpenAPI reads them."""
    segments = parse_route_key(key).segments
    return tuple(segment[1:-1] for segment in segments if segment.startswith("{"))


def _destination(url: str | None, upstream: str | None, path: str | None) -> Words:
    if upstream is None:
        return {"uri": _STAGE_VARIABLE.sub(r"${stageVariables.\1}", url or "")}
    uri = f"http://{upstream}{path or ''}"
    return {
        "connectionType": "VPC_LINK",
        "connectionId": upstream,
        "uri": _STAGE_VARIABLE.sub(r"${stageVariables.\1}", uri),
    }


def _request(mapping: RequestMapping) -> Words:
    words = {**_fields("header", mapping.headers), **_fields("querystring", mapping.query)}
    if mapping.path is not None:
        words["overwrite:path"] = mapping.path
    return words


def _fields(place: str, mapping: "HeaderMapping[Any] | QueryMapping") -> Words:
    words: Words = {}
    for action, ours in ACTIONS.items():
        names = getattr(mapping, ours)
        values: Mapping[str, str] = names if isinstance(names, dict) else dict.fromkeys(names, "")
        words |= {f"{action}:{place}.{name}": value for name, value in values.items()}
    return words
