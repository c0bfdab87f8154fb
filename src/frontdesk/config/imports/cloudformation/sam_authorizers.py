"""What authorizers of SAM's APIs stand for."""

from typing import Any

from frontdesk.config.imports.cloudformation.reading import Origin, without_nothing
from frontdesk.config.imports.resources import Part, Resource


def of_rest_api(origin: Origin, name: str, said: Part) -> Resource:
    """Read an authorizer of a REST API: a user pool, or a function with a token or a request."""
    identity = said.part("Identity")
    header = f"method.request.header.{identity.text('Header', 'Authorization')}"
    values: dict[str, Any] = {"rest_api_id": origin.id, "name": name}
    if said.values.get("UserPoolArn"):
        pools = {"provider_arns": said.texts("UserPoolArn"), "identity_source": header}
        values |= {"type": "COGNITO_USER_POOLS", **pools}
    else:
        kind = said.text("FunctionPayloadType", "TOKEN")
        sources = _sources(identity, "method.request.")
        values |= {
            "type": kind,
            "authorizer_uri": said.text("FunctionArn"),
            "identity_source": header if kind == "TOKEN" else ", ".join(sources),
            "identity_validation_expression": identity.values.get("ValidationExpression"),
            "authorizer_result_ttl_in_seconds": identity.number("ReauthorizeEvery"),
        }
    return origin.resource("aws_api_gateway_authorizer", without_nothing(values), f".{name}")


def of_http_api(origin: Origin, name: str, said: Part) -> Resource:
    """Read an authorizer of an HTTP API: tokens, or a function."""
    values: dict[str, Any] = {"api_id": origin.id, "name": name}
    tokens = said.mapping("JwtConfiguration")
    if tokens:
        values |= {
            "authorizer_type": "JWT",
            "identity_sources": [said.text("IdentitySource", "$request.header.Authorization")],
            "jwt_configuration": tokens,
        }
    else:
        identity = said.part("Identity")
        values |= {
            "authorizer_type": "REQUEST",
            "authorizer_uri": said.text("FunctionArn"),
            "identity_sources": _sources(identity, "$request."),
            "authorizer_payload_format_version": said.values.get("AuthorizerPayloadFormatVersion"),
            "authorizer_result_ttl_in_seconds": identity.number("ReauthorizeEvery"),
            "enable_simple_responses": said.values.get("EnableSimpleResponses"),
        }
    return origin.resource("aws_apigatewayv2_authorizer", without_nothing(values), f".{name}")


def _sources(identity: Part, prefix: str) -> list[str]:
    places = {
        "Headers": f"{prefix}header.",
        "QueryStrings": f"{prefix}querystring.",
        "Context": "$context." if prefix.startswith("$") else "context.",
        "StageVariables": "$stageVariables." if prefix.startswith("$") else "stageVariables.",
    }
    return [f"{place}{name}" for key, place in places.items() for name in identity.texts(key)]
