"""Owns what a REST API says where it answers itself: the types of gateway responses, and which cause has which.

Pure tables. Source: AWS, "Gateway response types for API Gateway"; statuses and the way an override spreads
were recorded.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

from frontdesk.rules.rest.media import DEFAULT_TYPE

DEFAULT_TEMPLATE: Final = '{"message":$context.error.messageString}'

_SILENT: Final = "Internal server error"


class ResponseType(NamedTuple):
    """A type of gateway response. status: None: that of the cause. error: of `x-amzn-ErrorType`."""

    status: int | None
    message: str | None
    error: str


TYPES: Final[Mapping[str, ResponseType]] = {
    "ACCESS_DENIED": ResponseType(
        403, "User is not authorized to access this resource", "AccessDeniedException"
    ),
    "API_CONFIGURATION_ERROR": ResponseType(500, _SILENT, "InternalServerErrorException"),
    "AUTHORIZER_CONFIGURATION_ERROR": ResponseType(500, None, "AuthorizerConfigurationException"),
    "AUTHORIZER_FAILURE": ResponseType(500, None, "AuthorizerConfigurationException"),
    "BAD_REQUEST_BODY": ResponseType(400, "Invalid request body", "BadRequestException"),
    "BAD_REQUEST_PARAMETERS": ResponseType(
        400, "Missing required request parameters", "BadRequestException"
    ),
    "DEFAULT_4XX": ResponseType(None, None, "BadRequestException"),
    "DEFAULT_5XX": ResponseType(None, _SILENT, "InternalServerErrorException"),
    "EXPIRED_TOKEN": ResponseType(
        403, "The security token included in the request is expired", "ExpiredTokenException"
    ),
    "INTEGRATION_FAILURE": ResponseType(
        504, "Network error communicating with endpoint", "InternalServerErrorException"
    ),
    "INTEGRATION_TIMEOUT": ResponseType(
        504, "Endpoint request timed out", "InternalServerErrorException"
    ),
    "INVALID_API_KEY": ResponseType(403, "Forbidden", "ForbiddenException"),
    "INVALID_SIGNATURE": ResponseType(
        403,
        "The request signature we calculated does not match the signature you provided.",
        "InvalidSignatureException",
    ),
    "MISSING_AUTHENTICATION_TOKEN": ResponseType(
        403, "Missing Authentication Token", "MissingAuthenticationTokenException"
    ),
    "QUOTA_EXCEEDED": ResponseType(429, "Limit Exceeded", "LimitExceededException"),
    # Differs: [request-too-large] AWS does not let this one be customised.
    "REQUEST_TOO_LARGE": ResponseType(413, "Request Too Long", "RequestTooLongException"),
    "RESOURCE_NOT_FOUND": ResponseType(404, "Not Found", "NotFoundException"),
    "THROTTLED": ResponseType(429, "Too Many Requests", "TooManyRequestsException"),
    "UNAUTHORIZED": ResponseType(401, "Unauthorized", "UnauthorizedException"),
    "UNSUPPORTED_MEDIA_TYPE": ResponseType(415, "Unsupported Media Type", "BadRequestException"),
    "WAF_FILTERED": ResponseType(403, "Forbidden", "ForbiddenException"),
}

CAUSES: Final[Mapping[str, str]] = {
    "api_key": "INVALID_API_KEY",
    "api_key:too_many_failures": "THROTTLED",
    "authorizer": "UNAUTHORIZED",
    "authorizer:broken": "AUTHORIZER_CONFIGURATION_ERROR",
    "authorizer:explicit_deny": "ACCESS_DENIED",
    "authorizer:failed": "AUTHORIZER_FAILURE",
    "authorizer:no_statement": "ACCESS_DENIED",
    "basic": "UNAUTHORIZED",
    "basic:too_many_failures": "THROTTLED",
    "body_size": "REQUEST_TOO_LARGE",
    "cache:invalidation": "ACCESS_DENIED",
    "function:event_too_large": "REQUEST_TOO_LARGE",
    "function:throttled": "API_CONFIGURATION_ERROR",
    "function:unavailable": "API_CONFIGURATION_ERROR",
    "iam": "INVALID_SIGNATURE",
    "iam:MissingAuthenticationTokenException": "MISSING_AUTHENTICATION_TOKEN",
    "integration": "API_CONFIGURATION_ERROR",
    "integration_timeout": "INTEGRATION_TIMEOUT",
    "jwt": "UNAUTHORIZED",
    "jwt:keys_unavailable": "AUTHORIZER_FAILURE",
    "jwt:too_many_failures": "THROTTLED",
    "media_type": "UNSUPPORTED_MEDIA_TYPE",
    "mtls": "ACCESS_DENIED",
    "policy": "ACCESS_DENIED",
    "quota": "QUOTA_EXCEEDED",
    "route": "MISSING_AUTHENTICATION_TOKEN",
    "throttle": "THROTTLED",
    "throttle:unknown": "DEFAULT_5XX",
    "upstream": "INTEGRATION_FAILURE",
    "upstream:connect_timeout": "INTEGRATION_TIMEOUT",
    "upstream:resolve": "API_CONFIGURATION_ERROR",
    "upstream:timeout": "INTEGRATION_TIMEOUT",
    "validate:body": "BAD_REQUEST_BODY",
    "validate:media_type": "UNSUPPORTED_MEDIA_TYPE",
    "validate:parameters": "BAD_REQUEST_PARAMETERS",
}
"""Cause of a refusal, or its part before the colon → type. Other causes have DEFAULT_4XX or DEFAULT_5XX."""


_MESSAGES: Final[Mapping[str, str]] = {
    "authorizer:explicit_deny": (
        "User is not authorized to access this resource with an explicit deny"
    ),
    "jwt:expired": "The incoming token has expired",
}
"""What is said for a cause, where that is more than its type says."""


class Fault(NamedTuple):
    """What went wrong, as `$context.error` tells it. message: None where AWS says null."""

    type: str
    message: str | None


def fault_of(cause: str, status: int, message: str = "") -> Fault:
    """Return what is said of a refusal. message: in place of the usual words."""
    name = CAUSES.get(cause) or CAUSES.get(cause.partition(":")[0])
    name = name or f"DEFAULT_{status // 100}XX"
    usual = HTTPStatus(status).phrase if name == "DEFAULT_4XX" else TYPES[name].message
    return Fault(name, message or _MESSAGES.get(cause, usual))


class Response(NamedTuple):
    """What the answers of one type are made of.

    status: None: that of the cause. headers: name → mapping expression. templates: media type → text.
    is_default: nobody has set this type itself.
    """

    status: int | None = None
    headers: Mapping[str, str] = {}
    templates: Mapping[str, str] = {}
    is_default: bool = True


def responses(overrides: Mapping[str, Response]) -> dict[str, Response]:
    """Complete the types that are set to all types.

    What one leaves out it takes from the built-in values of its type, never from DEFAULT_4XX or
    DEFAULT_5XX; a type that is not set takes all three from these, where they are set.
    """
    complete = {name: _completed(name, given) for name, given in overrides.items()}
    found: dict[str, Response] = {}
    for name, built_in in TYPES.items():
        spread = complete.get(f"DEFAULT_{built_in.status // 100}XX") if built_in.status else None
        if name in complete:
            found[name] = complete[name]
        elif spread is not None:
            status = built_in.status if spread.status is None else spread.status
            found[name] = spread._replace(status=status, is_default=True)
        else:
            found[name] = _completed(name, Response())
    return found


def _completed(name: str, given: Response) -> Response:
    status = TYPES[name].status if given.status is None else given.status
    templates = given.templates or {DEFAULT_TYPE: DEFAULT_TEMPLATE}
    return Response(status, given.headers, templates, given.is_default)
