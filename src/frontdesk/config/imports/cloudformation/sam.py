"""What SAM's short forms stand for: functions with their events, APIs with their authorizers.

Source: AWS SAM specification; `transform` documents what is made of each.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from frontdesk.config.imports.cloudformation.intrinsics import invocation_of
from frontdesk.config.imports.cloudformation.reading import (
    Origin,
    Properties,
    Reader,
    open_template,
    read_template,
    snake,
)
from frontdesk.config.imports.resources import LEFT, MISSING, Declared, Resource
from frontdesk.config.placed import Placed

REST_API: Final = "ServerlessRestApi"
HTTP_API: Final = "ServerlessHttpApi"
"""Logical ids of the APIs that events without one of their own share."""


class _Expansion:
    """Expands the short forms of one template. What events need of APIs is known at the end."""

    def __init__(self) -> None:
        self.rest: dict[str, Origin] = {}
        self.http: dict[str, Origin] = {}
        self.events: list[tuple[Origin, str, Mapping[str, Any]]] = []

    @property
    def readers(self) -> Mapping[str, Reader]:
        return {
            "AWS::Serverless::Api": self._api,
            "AWS::Serverless::Function": self._function,
            "AWS::Serverless::HttpApi": self._http_api,
            "AWS::Serverless::LayerVersion": self._layer,
        }

    # -- functions --------------------------------------------------------------------------------

    def _function(self, origin: Origin) -> Iterator[Resource]:
        said = origin.properties
        values: dict[str, Any] = {
            "function_name": origin.id,
            "filename": said.get("CodeUri", "."),
            "handler": said.get("Handler", ""),
            "runtime": said.get("Runtime", ""),
            "timeout": said.get("Timeout"),
            "memory_size": said.get("MemorySize"),
            "environment": [snake_variables(said.get("Environment") or {})],
            "layers": said.get("Layers") or [],
            "reserved_concurrent_executions": said.get("ReservedConcurrentExecutions"),
            "dead_letter_config": said.get("DeadLetterQueue"),
            "image_uri": said.get("ImageUri"),
            "inline_code": said.get("InlineCode"),
        }
        if not isinstance(values["filename"], str) or said.get("InlineCode"):
            values.pop("filename")
        yield origin.resource("aws_lambda_function", values)
        if said.get("AutoPublishAlias"):
            alias = {
                "name": said["AutoPublishAlias"],
                "function_name": origin.id,
                "function_version": "$LATEST",
            }
            yield origin.resource("aws_lambda_alias", alias, ".alias")
        if said.get("FunctionUrlConfig"):
            url = said["FunctionUrlConfig"]
            values = {
                "function_name": origin.id,
                "authorization_type": url.get("AuthType", "NONE"),
                "invoke_mode": url.get("InvokeMode", "BUFFERED"),
                "cors": [snake(url.get("Cors") or {})],
            }
            yield origin.resource("aws_lambda_function_url", values, ".url")
        for name, event in (said.get("Events") or {}).items():
            self.events.append((origin, name, event))

    @staticmethod
    def _layer(origin: Origin) -> Iterator[Resource]:
        values = {"filename": origin.properties.get("ContentUri", ".")}
        yield origin.resource("aws_lambda_layer_version", values)

    # -- APIs -------------------------------------------------------------------------------------

    def _api(self, origin: Origin) -> Iterator[Resource]:
        self.rest[origin.id] = origin
        said = origin.properties
        values = snake({key: said[key] for key in _OF_REST_API if key in said})
        values["name"] = said.get("Name", origin.name)
        values["body"] = said.get("DefinitionBody") or said.get("DefinitionUri")
        yield origin.resource("aws_api_gateway_rest_api", values)
        stage = {
            "rest_api_id": origin.id,
            "stage_name": said.get("StageName", "Prod"),
            "variables": said.get("Variables"),
        }
        yield origin.resource("aws_api_gateway_stage", stage, ".stage")
        for name, authorizer in ((said.get("Auth") or {}).get("Authorizers") or {}).items():
            yield _rest_authorizer(origin, name, authorizer)
        for kind, response in (said.get("GatewayResponses") or {}).items():
            yield _gateway_response(origin, kind, response)
        for name, schema in (said.get("Models") or {}).items():
            model = {"rest_api_id": origin.id, "name": name, "schema": schema}
            yield origin.resource("aws_api_gateway_model", model, f".{name}")

    def _http_api(self, origin: Origin) -> Iterator[Resource]:
        self.http[origin.id] = origin
        said = origin.properties
        cors = said.get("CorsConfiguration")
        values: dict[str, Any] = {
            "name": said.get("Name", origin.name),
            "protocol_type": "HTTP",
            "body": said.get("DefinitionBody") or said.get("DefinitionUri"),
            "cors_configuration": [{"allow_origins": ["*"]} if cors is True else snake(cors or {})],
        }
        yield origin.resource("aws_apigatewayv2_api", values)
        stage = {
            "api_id": origin.id,
            "name": said.get("StageName", "$default"),
            "stage_variables": said.get("StageVariables"),
            "default_route_settings": [snake(said.get("DefaultRouteSettings") or {})],
            "route_settings": [
                {"route_key": key, **snake(settings)}
                for key, settings in (said.get("RouteSettings") or {}).items()
            ],
        }
        yield origin.resource("aws_apigatewayv2_stage", stage, ".stage")
        for name, authorizer in ((said.get("Auth") or {}).get("Authorizers") or {}).items():
            yield _http_authorizer(origin, name, authorizer)

    # -- events -----------------------------------------------------------------------------------

    def routes(self, declared: Declared) -> Iterator[Resource]:
        """Make routes and methods of the events of functions."""
        implied: dict[str, Origin] = {}
        for function, name, event in self.events:
            kind, said = event.get("Type"), event.get("Properties") or {}
            if kind not in ("Api", "HttpApi"):
                message = f"the event {name} of {function.name} is not carried: {kind}"
                declared.tell(LEFT, function.at, message)
                continue
            rest = kind == "Api"
            own = said.get("RestApiId" if rest else "ApiId")
            known = self.rest if rest else self.http
            api = known.get(str(own)) if own else None
            if own and api is None:
                message = f"the event {name} of {function.name}: nothing here says what {own} is"
                declared.tell(MISSING, function.at, message)
                continue
            if api is None:
                logical = REST_API if rest else HTTP_API
                type_name = f"AWS::Serverless::{kind}"
                api = implied.setdefault(
                    logical, Origin(logical, type_name, logical, function.at, {})
                )
            yield from (_method if rest else _route)(api, function, name, said)
        for api in implied.values():
            yield from (self._api if api.name == REST_API else self._http_api)(api)


_OF_REST_API: Final = ("ApiKeySourceType", "BinaryMediaTypes", "MinimumCompressionSize")


def snake_variables(environment: Properties) -> dict[str, Any]:
    """Read `Environment`: the names of variables are the user's own."""
    return {"variables": environment.get("Variables") or {}}


def _asked(api: Origin, said: Properties) -> tuple[str | None, list[str]]:
    """Tell which authorizer an event has, and the scopes that it asks for."""
    auth, own = api.properties.get("Auth") or {}, said.get("Auth") or {}
    name = own.get("Authorizer", auth.get("DefaultAuthorizer"))
    return (None if name in (None, "NONE") else str(name)), own.get("AuthorizationScopes") or []


def _method(api: Origin, function: Origin, name: str, said: Properties) -> Iterator[Resource]:
    path, verb = str(said.get("Path", "/")), str(said.get("Method", "any")).upper()
    key = {"rest_api_id": api.id, "resource_id": path, "http_method": verb}
    authorizer, scopes = _asked(api, said)
    auth = {**(api.properties.get("Auth") or {}), **(said.get("Auth") or {})}
    method = {
        **key,
        "path": path,
        "authorization": "AWS_IAM"
        if authorizer == "AWS_IAM"
        else "CUSTOM"
        if authorizer
        else "NONE",
        "authorizer_id": f"{api.name}.{authorizer}",
        "authorization_scopes": scopes,
        "api_key_required": auth.get("ApiKeyRequired") is True,
    }
    suffix = f".{name}"
    yield function.resource("aws_api_gateway_method", method, suffix)
    integration = {**key, "type": "AWS_PROXY", "uri": invocation_of(function.id)}
    yield function.resource("aws_api_gateway_integration", integration, f"{suffix}.integration")


def _route(api: Origin, function: Origin, name: str, said: Properties) -> Iterator[Resource]:
    path, verb = said.get("Path"), str(said.get("Method", "any")).upper()
    verb = "ANY" if verb in ("ANY", "X-AMAZON-APIGATEWAY-ANY-METHOD") else verb
    authorizer, scopes = _asked(api, said)
    integration = f"{function.name}.{name}.integration"
    known = ((api.properties.get("Auth") or {}).get("Authorizers") or {}).get(authorizer) or {}
    kind = "JWT" if "JwtConfiguration" in known else "CUSTOM"
    route = {
        "api_id": api.id,
        "route_key": f"{verb} {path}" if path and path != "$default" else "$default",
        "target": f"integrations/{integration}",
        "authorization_type": "AWS_IAM"
        if authorizer == "AWS_IAM"
        else kind
        if authorizer
        else "NONE",
        "authorizer_id": f"{api.name}.{authorizer}",
        "authorization_scopes": scopes or known.get("AuthorizationScopes") or [],
    }
    yield function.resource("aws_apigatewayv2_route", route, f".{name}")
    values = {
        "api_id": api.id,
        "integration_type": "AWS_PROXY",
        "integration_uri": invocation_of(function.id),
        "payload_format_version": str(said.get("PayloadFormatVersion", "2.0")),
        "timeout_milliseconds": said.get("TimeoutInMillis"),
    }
    yield function.resource("aws_apigatewayv2_integration", values, f".{name}.integration")


def _rest_authorizer(origin: Origin, name: str, said: Properties) -> Resource:
    identity = said.get("Identity") or {}
    header = identity.get("Header", "Authorization")
    of_token = said.get("FunctionPayloadType", "TOKEN") == "TOKEN"
    sources = [f"method.request.header.{each}" for each in identity.get("Headers") or []]
    sources += [f"method.request.querystring.{each}" for each in identity.get("QueryStrings") or []]
    values: dict[str, Any] = {"rest_api_id": origin.id, "name": name}
    if said.get("UserPoolArn"):
        pools = said["UserPoolArn"]
        values |= {
            "type": "COGNITO_USER_POOLS",
            "provider_arns": pools if isinstance(pools, list) else [pools],
            "identity_source": f"method.request.header.{header}",
        }
    else:
        values |= {
            "type": "TOKEN" if of_token else "REQUEST",
            "authorizer_uri": said.get("FunctionArn"),
            "identity_source": f"method.request.header.{header}"
            if of_token
            else ", ".join(sources),
            "identity_validation_expression": identity.get("ValidationExpression"),
            "authorizer_result_ttl_in_seconds": identity.get("ReauthorizeEvery"),
        }
    return origin.resource("aws_api_gateway_authorizer", values, f".{name}")


def _http_authorizer(origin: Origin, name: str, said: Properties) -> Resource:
    jwt = said.get("JwtConfiguration")
    values: dict[str, Any] = {"api_id": origin.id, "name": name}
    if jwt:
        values |= {
            "authorizer_type": "JWT",
            "identity_sources": [said.get("IdentitySource", "$request.header.Authorization")],
            "jwt_configuration": [jwt],
        }
    else:
        identity = said.get("Identity") or {}
        sources = [f"$request.header.{each}" for each in identity.get("Headers") or []]
        sources += [f"$request.querystring.{each}" for each in identity.get("QueryStrings") or []]
        values |= {
            "authorizer_type": "REQUEST",
            "authorizer_uri": said.get("FunctionArn"),
            "identity_sources": sources,
            "authorizer_payload_format_version": said.get("AuthorizerPayloadFormatVersion"),
            "authorizer_result_ttl_in_seconds": identity.get("ReauthorizeEvery"),
            "enable_simple_responses": said.get("EnableSimpleResponses"),
        }
    return origin.resource("aws_apigatewayv2_authorizer", values, f".{name}")


def _gateway_response(origin: Origin, kind: str, said: Properties) -> Resource:
    headers = (said.get("ResponseParameters") or {}).get("Headers") or {}
    values = {
        "rest_api_id": origin.id,
        "response_type": kind,
        "status_code": said.get("StatusCode"),
        "response_templates": said.get("ResponseTemplates"),
        "response_parameters": {
            f"gatewayresponse.header.{name}": value for name, value in headers.items()
        },
    }
    return origin.resource("aws_api_gateway_gateway_response", values, f".{kind}")


def read_sam(path: Path, given: Mapping[str, str]) -> Declared:
    """Read a template of SAM, or of plain CloudFormation.

    given: values of parameters, exports, and attributes such as `Pool.Arn`.
    Raises: ConfigError for what is no template, or cannot be evaluated.
    """
    return read_sam_tree(open_template(path), given, Declared())


def read_sam_tree(root: Placed, given: Mapping[str, str], declared: Declared) -> Declared:
    """Read a template that has been opened, and add what it declares."""
    expansion = _Expansion()
    read_template(root, given, expansion.readers, declared)
    declared.resources += expansion.routes(declared)
    return declared
