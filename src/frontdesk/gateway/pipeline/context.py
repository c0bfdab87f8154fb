"""Owns the one table of `$context` variables of HTTP, REST and WebSocket APIs: what each is called and where it comes from.

Access logs, parameter mapping, authorizers and throttle keys all read this table. A variable that has no
value now gives None (a log prints `-`, a mapping maps nothing).
Source: AWS, "Customizing HTTP API access logs", "Transforming API requests and responses" and, for REST
APIs, "Variables for data transformations for API Gateway".
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.replies import LIMIT_EXCEEDED, MESSAGES
from frontdesk.rules.events.rest import deployment_id, resource_id
from frontdesk.rules.events.times import clf
from frontdesk.rules.events.websocket import event_type
from frontdesk.rules.http.trace_context import write_root

if TYPE_CHECKING:
    from frontdesk.gateway.pipeline.sockets import Socket

Variable = Callable[[Exchange], Any]
"""Gives a JSON value, or None when the exchange has none."""


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _integration_latency(ex: Exchange) -> int | None:
    return _milliseconds(ex.integration_latency) if ex.integration_latency >= 0 else None


def _response_latency(ex: Exchange) -> int | None:
    return _milliseconds(ex.ended - ex.started) if ex.ended else None


def _user_agent(ex: Exchange) -> str | None:
    agent = ex.headers.get(b"user-agent")
    return None if agent is None else agent.decode("latin-1")


def _error_message(ex: Exchange) -> str | None:
    if ex.fault is not None:
        return ex.fault.message
    if ex.error.startswith("quota:"):
        return LIMIT_EXCEEDED
    body = MESSAGES.get(ex.status) if ex.error else None
    return None if body is None else orjson.loads(body)["message"]


def _error_message_string(ex: Exchange) -> str | None:
    message = _error_message(ex)
    return None if message is None and ex.fault is None else orjson.dumps(message).decode()


_RESPONSE_TYPES = {
    401: "UNAUTHORIZED",
    403: "ACCESS_DENIED",
    404: "RESOURCE_NOT_FOUND",
    413: "REQUEST_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "THROTTLED",
}


_RESPONSE_TYPES_BY_CAUSE = {"api_key": "INVALID_API_KEY", "quota": "QUOTA_EXCEEDED"}


def _error_response_type(ex: Exchange) -> str | None:
    if ex.fault is not None:
        return ex.fault.type
    if not ex.error or ex.status < 400:
        return None
    own = _RESPONSE_TYPES_BY_CAUSE.get(ex.error.partition(":")[0])
    return own or _RESPONSE_TYPES.get(ex.status) or f"DEFAULT_{ex.status // 100}XX"


def _of_certificate(*path: str) -> Variable:
    """Give one value of the client's certificate, where there is one."""

    def value(ex: Exchange) -> Any:
        found: Any = ex.client_cert.shown if ex.client_cert is not None else None
        for key in path:
            found = found and found[key]
        return found

    return value


def _of_caller(key: str) -> Variable:
    """Give one value of the IAM caller, where there is one."""
    return lambda ex: ((ex.authorizer_event or _NOTHING).get("iam") or _NOTHING).get(key)


def _authorizer_latency(ex: Exchange) -> int | None:
    return _milliseconds(ex.authorizer_latency) if ex.authorizer_latency >= 0 else None


def _resource_path(ex: Exchange) -> str:
    return ex.plan.route_key.partition(" ")[2]


def _of_rest(value: Callable[[Exchange], str]) -> Variable:
    """Give what only the resources of REST APIs have."""
    return lambda ex: value(ex) if ex.plan.api.kind == "rest" and ex.plan.route_key else None


# Differs: [empty-variables] AWS fills them where such callers exist.
def _no_value(_ex: Exchange) -> None:
    """Variables of what this gateway does not do: Cognito's callers, AWS's own ids, its firewall and networks."""


def _of_socket(value: "Callable[[Exchange, Socket], Any]") -> Variable:
    """Give what only the exchanges of WebSocket APIs have."""
    return lambda ex: None if ex.socket is None else value(ex, ex.socket)


_SIDES = {"canary": True, "stable": False}

CONTEXT: dict[str, Variable] = {
    "accountId": lambda ex: ex.plan.api.account,
    "apiId": lambda ex: ex.plan.api.id,
    "authenticate.error": _no_value,
    "authenticate.latency": _no_value,
    "authenticate.status": _no_value,
    "authorize.error": _no_value,
    "authorize.latency": _no_value,
    "authorize.status": _no_value,
    "authorizer.error": lambda ex: ex.authorizer_error or None,
    "authorizer.integrationLatency": _authorizer_latency,
    "authorizer.latency": _authorizer_latency,
    "authorizer.principalId": lambda ex: ex.principal or None,
    "awsEndpointRequestId": _no_value,
    "awsEndpointRequestId2": _no_value,
    "cipherSuite": _no_value,
    "connectedAt": _of_socket(lambda _ex, socket: int(socket.connected_at * 1000)),
    "connectionId": _of_socket(lambda _ex, socket: socket.id),
    "customDomain.basePathMatched": lambda ex: ex.plan.api.mapping_key or None,
    "customDomain.routingRuleIdMatched": _no_value,
    "dataProcessed": lambda ex: ex.request_length + ex.response_length,
    "deploymentId": _of_rest(lambda ex: deployment_id(ex.plan.api.id, ex.plan.api.stage)),
    "disconnectReason": _of_socket(lambda _ex, socket: socket.closed[1] or None),
    "disconnectStatusCode": _of_socket(lambda _ex, socket: socket.closed[0] or None),
    "domainName": lambda ex: ex.plan.api.domain,
    "domainPrefix": lambda ex: ex.plan.api.domain.partition(".")[0],
    "endpointType": _no_value,
    "error.message": _error_message,
    "error.messageString": _error_message_string,
    "error.responseType": _error_response_type,
    "error.validationErrorString": lambda ex: ex.validation_errors or None,
    "eventType": _of_socket(lambda ex, _socket: event_type(ex.plan.route_key)),
    "extendedRequestId": lambda ex: ex.extended_request_id or ex.request_id,
    "httpMethod": lambda ex: ex.method,
    "identity.accountId": _of_caller("accountId"),
    "identity.apiKey": lambda ex: ex.api_key_value.decode("latin-1") or None,
    "identity.apiKeyId": lambda ex: ex.api_key.id if ex.api_key is not None else None,
    "identity.caller": _of_caller("callerId"),
    "identity.clientCert.clientCertPem": _of_certificate("clientCertPem"),
    "identity.clientCert.issuerDN": _of_certificate("issuerDN"),
    "identity.clientCert.serialNumber": _of_certificate("serialNumber"),
    "identity.clientCert.subjectDN": _of_certificate("subjectDN"),
    "identity.clientCert.validity.notAfter": _of_certificate("validity", "notAfter"),
    "identity.clientCert.validity.notBefore": _of_certificate("validity", "notBefore"),
    "identity.cognitoAuthenticationProvider": _no_value,
    "identity.cognitoAuthenticationType": _no_value,
    "identity.cognitoIdentityId": _no_value,
    "identity.cognitoIdentityPoolId": _no_value,
    "identity.principalOrgId": _no_value,
    "identity.sourceIp": lambda ex: ex.client_ip,
    "identity.user": _of_caller("userId"),
    "identity.userAgent": _user_agent,
    "identity.userArn": _of_caller("userArn"),
    "identity.vpcId": _no_value,
    "identity.vpceId": _no_value,
    "integration.error": lambda ex: ex.integration_error or None,
    "integration.integrationStatus": lambda ex: ex.invoke_status or ex.integration_status or None,
    "integration.latency": _integration_latency,
    "integration.requestId": lambda ex: ex.integration_request_id or None,
    "integration.responseTransferMode": _no_value,
    "integration.status": lambda ex: ex.integration_status or None,
    "integration.timeToAllHeaders": _no_value,
    "integration.timeToFirstContent": _no_value,
    "integrationErrorMessage": lambda ex: ex.integration_error or None,
    "integrationLatency": _integration_latency,
    "integrationStatus": lambda ex: ex.invoke_status or ex.integration_status or None,
    "isCanaryRequest": lambda ex: _SIDES.get(ex.plan.api.side),
    "messageDirection": _of_socket(lambda _ex, _socket: "IN"),
    "messageId": lambda ex: ex.message_id or None,
    "path": lambda ex: ex.path,
    "protocol": lambda ex: ex.version,
    "requestId": lambda ex: ex.request_id,
    "requestTime": lambda ex: clf(int(ex.time)),
    "requestTimeEpoch": lambda ex: int(ex.time * 1000),
    "resourceId": _of_rest(lambda ex: resource_id(ex.plan.api.id, _resource_path(ex))),
    "resourcePath": _of_rest(_resource_path),
    "responseLatency": _response_latency,
    "responseLength": lambda ex: ex.response_length,
    "routeKey": lambda ex: ex.plan.route_key,
    "stage": lambda ex: ex.plan.api.stage,
    "status": lambda ex: ex.status or None,
    "tlsVersion": _no_value,
    "waf.error": _no_value,
    "waf.latency": _no_value,
    "waf.status": _no_value,
    "wafResponseCode": _no_value,
    "webaclArn": _no_value,
    "xrayTraceId": lambda ex: write_root(ex.trace_id) if ex.traceparent else None,
}


def identity_of(ex: Exchange) -> dict[str, object]:
    """Return what a message of this process says of the request that it is about."""
    plan = ex.plan
    return {
        "requestId": ex.request_id,
        "traceId": ex.trace_id,
        "spanId": ex.span_id if ex.sampled else "",
        "api": plan.api.name,
        "route": plan.route_key,
    }


def variable(name: str) -> Variable | None:
    """Find a variable by its name without `$context.`; None when there is no such variable.

    Beside the names of `CONTEXT`: `authorizer.claims.{claim}` and `authorizer.{claim or context key}`,
    whose last part may contain dots.
    """
    if name in CONTEXT:
        return CONTEXT[name]
    room, _, key = name.partition(".")
    if room != "authorizer" or not key:
        return None
    key = key.removeprefix("claims.")
    # Differs: [claim-lists] AWS writes a list as events show it, `[a b]`.
    return lambda ex: (ex.authorizer or _NOTHING).get(key)


_NOTHING: Mapping[str, Any] = {}
