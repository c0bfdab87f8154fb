"""Owns `x-amazon-apigateway-integration`: what it says as an integration of a method, or as a route.

What acts at AWS and has no word here is noted; what cannot answer a request is refused.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from frontdesk.config.openapi.arns import (
    SERVICE_ACTIONS,
    ServiceCall,
    called_action,
    called_function,
    called_service,
)
from frontdesk.config.openapi.document import Document, text_of
from frontdesk.config.placed import Branch, Placed
from frontdesk.rules.asl.arns import read_machine

Member = Callable[[Document, Branch, Placed], None]
"""Puts what a member of an integration says into a branch."""

_SUPPLY: Final = "or give this operation in the file, which then wins"
_STAGE_VARIABLE: Final = re.compile(r"\$\{stageVariables\.(\w+)\}")
_PATH_OF_URI: Final = re.compile(r"https?://[^/]+(/[^?#]*)?")


def read_method(document: Document, operation: Branch, integration: Placed) -> None:
    """Read the integration of a method of a REST API."""
    inner = operation.branch("integration", integration)
    kind = integration.text("type").lower()
    inner.put("type", kind, integration.get("type") or integration)
    uri, upstream = integration.get("uri"), _upstream(integration)
    action = called_action(text_of(uri)) if uri is not None and kind == "aws" else None
    service = _service(integration, uri) if kind == "aws" else None
    if uri is not None and service is not None:
        _ask_service(document, inner, uri, service)
    elif uri is not None and action:
        _start_by_template(document, inner, integration, uri, action)
    elif kind in ("aws", "aws_proxy"):
        call = _function(document, inner, uri or integration)
        if call:
            document.left_out(uri or integration, "streaming of a method's answer is not carried")
    elif kind in ("http", "http_proxy") and upstream is not None:
        inner.put("upstream", upstream.value, upstream)
        _path_at_upstream(inner, uri)
    elif kind in ("http", "http_proxy") and uri is not None:
        inner.put("uri", _stage_variables(uri.value), uri)
    _members(document, operation, integration, _OF_METHODS)


def read_route(document: Document, operation: Branch, integration: Placed) -> None:
    """Read the integration of a route of an HTTP API."""
    kind = integration.text("type").lower()
    subtype = integration.get("integrationSubtype")
    uri = integration.get("uri") or integration
    if subtype is not None and str(subtype.value) in SERVICE_SUBTYPES.values():
        _ask(document, operation, integration, subtype)
    elif subtype is not None:
        _start(document, operation, integration, subtype)
    elif kind == "aws_proxy":
        if _function(document, operation, uri):
            operation.put("invoke_mode", "response_stream", uri)
    elif kind == "http_proxy":
        _http(operation, integration, uri)
    else:
        at = integration.get("type") or integration
        hint = f"an HTTP API has aws_proxy and http_proxy; write type: rest for others, {_SUPPLY}"
        document.refuse(at, "expected aws_proxy or http_proxy", hint, value=at.value)
    called = _OF_CALLS if subtype is None else _OF_STARTS
    _members(document, operation, integration, _OF_ROUTES if kind == "http_proxy" else called)


def _members(
    document: Document,
    operation: Branch,
    integration: Placed,
    table: Mapping[str, Member | None],
) -> None:
    for key, member in integration.items():
        read = table.get(key)
        if read is not None:
            read(document, operation, member)
        elif key not in _READ and (key, str(member.value).upper()) not in _AS_HERE:
            document.left_out(member, f"{key} of an integration is not carried")


def _function(document: Document, branch: Branch, uri: Placed) -> bool:
    """Read the ARN of a function; tell whether its answer is streamed."""
    called = called_function(text_of(uri))
    if called is None:
        hint = f"name a function by its ARN, {_SUPPLY}"
        document.refuse(uri, "expected the ARN of a function", hint, value=uri.value)
        return False
    branch.put("function", called.function, uri)
    return called.streamed


def _start(document: Document, route: Branch, integration: Placed, subtype: Placed) -> None:
    """Read an integration of an HTTP API that starts executions."""
    mode = _MODES.get(str(subtype.value))
    parameters = integration.below("requestParameters")
    machine = read_machine(parameters.text("StateMachineArn"))
    if mode is None or machine is None:
        wanted = (
            "expected a function, HTTP, a service, or the start of a state machine that is named"
        )
        hint = (
            "SQS-SendMessage, EventBridge-PutEvents, StepFunctions-StartExecution or "
            f"-StartSyncExecution with StateMachineArn, {_SUPPLY}"
        )
        document.refuse(subtype, wanted, hint, value=subtype.value)
        return
    route.put("state_machine", ":".join(filter(None, machine)), subtype)
    route.put("mode", mode, subtype)
    given, name = parameters.get("Input"), parameters.get("Name")
    if given is not None and given.value != "$request.body":
        route.put("input", _json(given), given)
    if name is not None:
        route.graft("name", name)
    if mode == "async":
        message = (
            "StartExecution is answered with 202 and a Location here, at AWS with 200 and the ARN"
        )
        document.left_out(subtype, message)


def _ask(document: Document, route: Branch, integration: Placed, subtype: Placed) -> None:
    """Read an integration of an HTTP API with a queue or an event bus."""
    parameters = integration.below("requestParameters")
    service = route.branch("service", subtype)
    if subtype.value == SERVICE_SUBTYPES["queue"]:
        url = parameters.text("QueueUrl")
        if not url or url.startswith("$"):
            hint = f"a queue is named by its URL, {_SUPPLY}"
            document.refuse(subtype, "expected a QueueUrl that names a queue", hint)
            return
        service.put("queue", url.rpartition("/")[2].rpartition(":")[2], subtype)
    else:
        bus = parameters.text("EventBusName") or "default"
        service.put("event_bus", bus.rpartition("event-bus/")[2], subtype)
    asked = service.branch("parameters", parameters)
    for name, value in parameters.items():
        if name not in ("QueueUrl", "EventBusName", "Region"):
            asked.graft(name, value)


SERVICE_SUBTYPES: Final = {
    "queue": "SQS-SendMessage",
    "event_bus": "EventBridge-PutEvents",
}
"""What a route asks of a service at AWS, by our key."""

START_SUBTYPES: Final = {
    "async": "StepFunctions-StartExecution",
    "sync": "StepFunctions-StartSyncExecution",
}
"""What starts an execution at AWS, by our mode."""
_MODES: Final = {subtype: mode for mode, subtype in START_SUBTYPES.items()}


def _json(placed: Placed) -> Any:
    try:
        return json.loads(text_of(placed))
    except ValueError:
        return placed.value


def _start_by_template(
    document: Document, inner: Branch, integration: Placed, uri: Placed, action: str
) -> None:
    """Read an integration of a REST API with Step Functions: its templates name the state machine."""
    templates = integration.below("requestTemplates").items()
    machine = machine_of_templates(str(each.value) for _, each in templates)
    if machine is None:
        hint = f"name a state machine by its ARN in the request template, {_SUPPLY}"
        document.refuse(uri, "expected a stateMachineArn", hint, value=uri.value)
        return
    inner.put("state_machine", machine, uri)
    inner.put("action", action, uri)


def _service(integration: Placed, uri: Placed | None) -> ServiceCall | None:
    parameters, templates = (
        {name: each.value for name, each in integration.below(key).items()}
        for key in ("requestParameters", "requestTemplates")
    )
    return called_service(text_of(uri), said_by(parameters, templates)) if uri is not None else None


def said_by(parameters: Mapping[str, Any], templates: Mapping[str, Any]) -> str:
    """Join what an integration says of its request, for `called_service`."""
    words = [f"{name.rpartition('.')[2]}={value}" for name, value in parameters.items()]
    return " ".join([*words, *map(str, templates.values())])


def _ask_service(document: Document, inner: Branch, uri: Placed, service: ServiceCall) -> None:
    """Read an integration of a REST API with a queue, a topic or an event bus."""
    action = SERVICE_ACTIONS[service.key]
    if service.action != action or not service.name:
        message = f"expected {action} of a {service.key} that is named"
        hint = f"name it in the uri or in the request template, {_SUPPLY}"
        document.refuse(uri, message, hint, value=uri.value)
        return
    inner.put(service.key, service.name, uri)


def machine_of_templates(templates: Iterable[str]) -> str | None:
    """Return the state machine that request templates name, or None: NAME or NAME:QUALIFIER."""
    found = _MACHINE_OF_TEMPLATE.search(" ".join(templates))
    return found[1] if found else None


_MACHINE_OF_TEMPLATE: Final = re.compile(r":stateMachine:([^\s\"'\\,:]+(?::[\w.-]+)?)")


def _http(operation: Branch, integration: Placed, uri: Placed) -> None:
    http = operation.branch("http", integration)
    upstream = _upstream(integration)
    if upstream is not None:
        http.put("upstream", upstream.value, upstream)
        _path_at_upstream(http, uri)
    else:
        http.put("url", _stage_variables(uri.value), uri)
    method = integration.get("httpMethod")
    if method is not None and method.value != "ANY":
        http.graft("method", method)


def _upstream(integration: Placed) -> Placed | None:
    private = integration.text("connectionType").upper() == "VPC_LINK"
    return integration.get("connectionId") if private else None


def _path_at_upstream(branch: Branch, uri: Placed | None) -> None:
    found = _PATH_OF_URI.fullmatch(str(uri.value)) if uri is not None else None
    if uri is not None and found is not None and found[1]:
        branch.put("path", _stage_variables(found[1]), uri)


def _stage_variables(uri: Any) -> Any:
    return _STAGE_VARIABLE.sub(r"${stage.\1}", uri) if isinstance(uri, str) else uri


# -- members ------------------------------------------------------------------------------------


def _timeout(_document: Document, operation: Branch, member: Placed) -> None:
    timeout = member.value
    if isinstance(timeout, int) and not isinstance(timeout, bool):
        timeout = f"{timeout}ms" if timeout % 1000 else f"{timeout // 1000}s"
    operation.put("timeout", timeout, member)


def _payload(_document: Document, operation: Branch, member: Placed) -> None:
    if "function" in operation.value:
        operation.put("payload", str(member.value), member)


def _parameters(document: Document, operation: Branch, member: Placed) -> None:
    for key, value in member.items():
        _mapping(document, operation.branch("request", member), key, value)


def _answers(document: Document, operation: Branch, member: Placed) -> None:
    for status, changes in member.items():
        response = operation.branch("response", member).branch("status", member)
        for key, value in changes.items():
            _mapping(document, response.branch(status, changes), key, value)


def _mapping(document: Document, branch: Branch, key: str, value: Placed) -> None:
    """Read a parameter mapping of an HTTP API, such as `overwrite:header.X`."""
    action, _, target = key.partition(":")
    place, _, name = target.partition(".")
    ours = ACTIONS.get(action)
    if key == "overwrite:path":
        branch.graft("path", value)
    elif key == "overwrite:statuscode":
        branch.graft("status", value)
    elif ours is None or place not in PLACES or not name:
        hint = "such as append:header.NAME, overwrite:querystring.NAME, remove:header.NAME"
        document.refuse(value, "expected a parameter mapping", hint, value=key)
    elif action == "remove":
        removed = branch.branch(PLACES[place], value)
        removed.put("remove", [*removed.value.get("remove", ()), name], value)
    else:
        branch.branch(PLACES[place], value).branch(ours, value).graft(name, value)


ACTIONS: Final = {"append": "append", "overwrite": "set", "remove": "remove"}
PLACES: Final = {"header": "headers", "querystring": "query"}


def _as_is(key: str) -> Member:
    def put(_document: Document, operation: Branch, member: Placed) -> None:
        operation.branch("integration", member).graft(key, member)

    return put


def _lower(key: str) -> Member:
    def put(_document: Document, operation: Branch, member: Placed) -> None:
        value = str(member.value).lower()
        operation.branch("integration", member).put(key, value, member)

    return put


def _method_of_backend(_document: Document, operation: Branch, member: Placed) -> None:
    inner = operation.branch("integration", member)
    of_http = inner.value["type"] in ("http", "http_proxy")  # a function is always called by POST
    if of_http and member.value != "ANY":
        inner.graft("method", member)


def _responses(document: Document, operation: Branch, member: Placed) -> None:
    responses = operation.branch("integration", member).branch("responses", member)
    for pattern, answer in member.items():
        response = responses.branch(pattern, answer)
        for key, value in answer.items():
            ours = RESPONSE_KEYS.get(key)
            if ours is None:
                document.left_out(value, f"{key} of an integration's response is not carried")
            elif key == "contentHandling":
                response.put(ours, str(value.value).lower(), value)
            else:
                response.graft(ours, value)


RESPONSE_KEYS: Final = {
    "statusCode": "status",
    "responseParameters": "parameters",
    "responseTemplates": "templates",
    "contentHandling": "content_handling",
}
"""Members of an integration's response, and our keys for them."""

_OF_METHODS: Final[dict[str, Member | None]] = {
    "contentHandling": _lower("content_handling"),
    "httpMethod": _method_of_backend,
    "passthroughBehavior": _lower("passthrough"),
    "requestParameters": _as_is("request_parameters"),
    "requestTemplates": _as_is("request_templates"),
    "responses": _responses,
    "timeoutInMillis": _timeout,
}
_OF_ROUTES: Final[dict[str, Member | None]] = {
    "payloadFormatVersion": _payload,
    "requestParameters": _parameters,
    "responseParameters": _answers,
    "timeoutInMillis": _timeout,
}
_OF_CALLS: Final = {key: read for key, read in _OF_ROUTES.items() if key != "requestParameters"}
_OF_STARTS: Final = {
    **_OF_CALLS,
    "requestParameters": lambda *_: None,
}  # they are read with the type
_READ: Final = {
    "connectionId",
    "connectionType",
    "httpMethod",
    "integrationSubtype",
    "payloadFormatVersion",
    "type",
    "uri",
}
"""Members that are read with the type."""

_AS_HERE: Final = {("responseTransferMode", "BUFFERED"), ("cacheNamespace", "")}
"""Members whose value is what happens here anyway."""
