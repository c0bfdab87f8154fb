"""What SAM's short forms stand for: functions, state machines, their events, and APIs with all that they bring.

Source: AWS SAM specification; "Generated CloudFormation resources" documents what is made of each.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from frontdesk.base.errors import Position
from frontdesk.config.imports.cloudformation import (
    sam_authorizers,
    sam_events,
    sam_schedules,
    sam_sources,
)
from frontdesk.config.imports.cloudformation.intrinsics import TAGS
from frontdesk.config.imports.cloudformation.reading import (
    Origin,
    Reader,
    Values,
    http_stage,
    read_template,
    rest_stage,
    snake,
    state_machine,
    without_nothing,
)
from frontdesk.config.imports.cloudformation.sam_events import HTTP_API, REST_API, Event
from frontdesk.config.imports.resources import Declared, Part, Resource
from frontdesk.config.placed import Placed
from frontdesk.config.route_keys import EVERY_METHOD


def read_sam(path: Path, given: Mapping[str, str], declared: Declared) -> None:
    """Read a template of SAM, or of plain CloudFormation, and add what it declares.

    given: values of parameters, exports, and attributes such as `Pool.Arn`.
    Raises: ConfigError for what is no template, or cannot be evaluated.
    """
    where = Position(str(path), 1, 1, "")
    read_sam_tree(declared.project.tree(path, where, TAGS), given, declared)


def read_sam_tree(root: Placed, given: Mapping[str, str], declared: Declared) -> None:
    """Read a template that has been opened, and add what it declares."""
    expansion = _Expansion(declared)
    read_template(root, given, expansion.readers, declared)
    declared.resources += expansion.routes()


class _Expansion:
    """Expands the short forms of one template. What events need of APIs is known at the end."""

    def __init__(self, declared: Declared) -> None:
        self._declared = declared
        self._apis: dict[str, dict[str, Origin]] = {"Api": {}, "HttpApi": {}}
        self._events: list[Event] = []

    @property
    def readers(self) -> Mapping[str, Reader]:
        return {
            "AWS::Serverless::Api": self._api,
            "AWS::Serverless::Function": self._function,
            "AWS::Serverless::HttpApi": self._http_api,
            "AWS::Serverless::LayerVersion": _layer,
            "AWS::Serverless::StateMachine": self._machine,
        }

    # -- functions --------------------------------------------------------------------------------

    def _function(self, origin: Origin) -> Iterator[Resource]:
        said = origin.values
        code = said.get("CodeUri", ".")
        values = {
            "function_name": origin.id,
            "filename": code if isinstance(code, str) and not _is_elsewhere(said, code) else None,
            "handler": said.get("Handler"),
            "runtime": said.get("Runtime"),
            "timeout": said.get("Timeout"),
            "memory_size": said.get("MemorySize"),
            "environment": {"variables": origin.part("Environment").mapping("Variables")},
            "layers": said.get("Layers"),
            "reserved_concurrent_executions": said.get("ReservedConcurrentExecutions"),
            "dead_letter_config": said.get("DeadLetterQueue"),
            "image_config": said.get("ImageConfig"),
        }
        yield origin.resource("aws_lambda_function", without_nothing(values))
        alias = origin.text("AutoPublishAlias")
        if alias:
            values = {"name": alias, "function_name": origin.id, "function_version": "$LATEST"}
            yield origin.resource("aws_lambda_alias", values, ".alias")
            self._preference(origin, alias)
        url = origin.part("FunctionUrlConfig")
        if url.values:
            values = {
                "function_name": origin.id,
                "authorization_type": url.text("AuthType"),
                "invoke_mode": url.text("InvokeMode"),
                "cors": snake(url.mapping("Cors")),
            }
            yield origin.resource("aws_lambda_function_url", values, ".url")
        later = snake(origin.mapping("EventInvokeConfig"))
        if later:
            values = {"function_name": origin.id, **later}
            yield origin.resource("aws_lambda_function_event_invoke_config", values, ".async")
        self._events += (Event(origin, name, event) for name, event in origin.named("Events"))

    def _preference(self, origin: Origin, alias: str) -> None:
        """Tell how a release is shifted at AWS: a canary needs the version that it is to try."""
        kind = origin.part("DeploymentPreference").text("Type")
        canary = canary_of(kind)
        if canary is not None:
            percent, minutes = canary
            message = f"{origin.address}: {kind} is not carried: it begins with a version to try"
            hint = (
                f"publish one, give it an alias, and say `canary: {{percent: {percent}, "
                f"alias: ALIAS, judge: {{window: {minutes}m}}}}` beside {alias}"
            )
            self._declared.left(origin.at, message, hint)

    def _machine(self, origin: Origin) -> Iterator[Resource]:
        definition = origin.values.get("Definition")
        level = origin.part("Logging").text("Level")
        yield state_machine(origin, origin.text("Name"), definition, level)
        self._events += (Event(origin, name, event) for name, event in origin.named("Events"))

    # -- APIs -------------------------------------------------------------------------------------

    def _api(self, origin: Origin) -> Iterator[Resource]:
        self._apis["Api"][origin.id] = origin
        said, auth = origin.values, origin.part("Auth")
        values = {
            **snake({key: said[key] for key in _OF_REST_API if key in said}),
            **_definition(origin, self._declared),
            "name": origin.text("Name", origin.address),
            "api_key_source": said.get("ApiKeySourceType"),
            "cors": _rest_cors(origin),
        }
        yield origin.resource("aws_api_gateway_rest_api", without_nothing(values))
        stage = {
            "rest_api_id": origin.id,
            "stage_name": origin.text("StageName", "Prod"),
            "variables": said.get("Variables"),
            "cache_cluster_enabled": said.get("CacheClusterEnabled"),
            "access_log_settings": snake(origin.mapping("AccessLogSetting")),
        }
        yield from rest_stage(origin, stage, ".stage")
        for name, authorizer in auth.named("Authorizers"):
            yield sam_authorizers.of_rest_api(origin, name, authorizer)
        for kind, response in origin.named("GatewayResponses"):
            yield _gateway_response(origin, kind, response)
        for name, schema in origin.mapping("Models").items():
            model = {"rest_api_id": origin.id, "name": name, "schema": schema}
            yield origin.resource("aws_api_gateway_model", model, f".{name}")
        if auth.values.get("ResourcePolicy"):
            self._declared.left(origin.at, f"{origin.address}: ResourcePolicy is not carried")
        yield from self._usage_plan(origin, auth.part("UsagePlan"))

    def _usage_plan(self, origin: Origin, plan: Part) -> Iterator[Resource]:
        kind = plan.text("CreateUsagePlan", "NONE")
        if kind == "NONE":
            return
        name = plan.text("UsagePlanName") or (
            "ServerlessUsagePlan" if kind == "SHARED" else f"{origin.address}UsagePlan"
        )
        values = {
            "name": name,
            "api_stages": [{"api_id": origin.id, "stage": origin.text("StageName", "Prod")}],
            "quota_settings": snake(plan.mapping("Quota")) or None,
            "throttle_settings": snake(plan.mapping("Throttle")) or None,
        }
        yield origin.resource("aws_api_gateway_usage_plan", values, ".plan")
        yield origin.resource("aws_api_gateway_api_key", {"name": f"{name}-key"}, ".key")
        ids = {"key_id": f"{origin.address}.key", "usage_plan_id": f"{origin.address}.plan"}
        yield origin.resource("aws_api_gateway_usage_plan_key", ids, ".plan_key")

    def _http_api(self, origin: Origin) -> Iterator[Resource]:
        self._apis["HttpApi"][origin.id] = origin
        cors = origin.values.get("CorsConfiguration")
        values = {
            **_definition(origin, self._declared),
            "name": origin.text("Name", origin.address),
            "protocol_type": "HTTP",
            "cors_configuration": _ANY_ORIGIN
            if cors in (True, "true")
            else snake(origin.mapping("CorsConfiguration")),
        }
        yield origin.resource("aws_apigatewayv2_api", values)
        stage = {
            "api_id": origin.id,
            "stage_variables": origin.values.get("StageVariables"),
            "default_route_settings": snake(origin.mapping("DefaultRouteSettings")),
            "access_log_settings": snake(origin.mapping("AccessLogSettings")),
        }
        yield http_stage(origin, stage, ".stage")
        for name, authorizer in origin.part("Auth").named("Authorizers"):
            yield sam_authorizers.of_http_api(origin, name, authorizer)

    # -- events -----------------------------------------------------------------------------------

    def routes(self) -> Iterator[Resource]:
        """Make schedules, routes and methods of events, and the APIs that these imply."""
        implied: dict[str, Origin] = {}
        for event in self._events:
            reader, kind = sam_events.READERS.get(event.kind), event.kind
            if kind in sam_schedules.KINDS:
                yield sam_schedules.schedule(event)
                continue
            if kind in sam_sources.READERS:
                yield from sam_sources.READERS[kind](event)
                continue
            if reader is None:
                message = f"{event.address} is not carried: there are no events of {kind} yet"
                self._declared.left(event.owner.at, message)
                continue
            own = event.api
            api = self._apis[kind].get(own) if own else implied.get(kind)
            if api is None and own:
                message = f"{event.address}: nothing here says what {own} is"
                self._declared.missing(event.owner.at, message, "declare it")
                continue
            if api is None:
                name = REST_API if kind == "Api" else HTTP_API
                at = event.owner.at
                api = implied[kind] = Origin({}, name, at, f"AWS::Serverless::{kind}", name)
            yield from reader(api, event)
        for kind, api in implied.items():
            yield from (self._api if kind == "Api" else self._http_api)(api)


_OF_REST_API: Final = ("BinaryMediaTypes", "MinimumCompressionSize")
_ANY_ORIGIN: Final = {"allow_origins": ["*"]}


def _layer(origin: Origin) -> Iterator[Resource]:
    content = origin.values.get("ContentUri")
    values = {"filename": content} if isinstance(content, str) else {}
    yield origin.resource("aws_lambda_layer_version", values)


def _is_elsewhere(said: Values, code: str) -> bool:
    """Tell whether the code is within the template, in an image or in S3."""
    return "InlineCode" in said or said.get("PackageType") == "Image" or code.startswith("s3://")


def _definition(origin: Origin, declared: Declared) -> dict[str, Any]:
    """Find the OpenAPI document of an API."""
    uri = origin.values.get("DefinitionUri")
    if isinstance(uri, dict):
        message = f"{origin.address}: its definition is in S3"
        declared.missing(origin.at, message, "give it as a file, in DefinitionUri")
        return {}
    return without_nothing({"body": origin.values.get("DefinitionBody"), "body_file": uri})


def _rest_cors(origin: Origin) -> dict[str, Any] | None:
    """Read CORS in our keys. SAM has texts in quotes, with commas between names."""
    cors = origin.values.get("Cors")
    if cors is None:
        return None
    said = {"AllowOrigin": cors} if isinstance(cors, str) else origin.mapping("Cors")
    lists = {
        ours: [each.strip() for each in str(said[theirs]).strip("'").split(",")]
        for theirs, ours in _CORS.items()
        if said.get(theirs)
    }
    others = {
        "allow_credentials": True if said.get("AllowCredentials") is True else None,
        "max_age": f"{str(said['MaxAge']).strip(_QUOTE)}s" if said.get("MaxAge") else None,
    }
    lists.setdefault("allow_methods", list(EVERY_METHOD))  # SAM says those of each path
    return without_nothing({**lists, **others})


_QUOTE: Final = "'"
_CORS: Final = {
    "AllowHeaders": "allow_headers",
    "AllowMethods": "allow_methods",
    "AllowOrigin": "allow_origins",
}


def _gateway_response(origin: Origin, kind: str, said: Part) -> Resource:
    headers = said.part("ResponseParameters").mapping("Headers")
    values = {
        "rest_api_id": origin.id,
        "response_type": kind,
        "status_code": said.values.get("StatusCode"),
        "response_templates": said.values.get("ResponseTemplates"),
        "response_parameters": {
            f"gatewayresponse.header.{name}": value for name, value in headers.items()
        },
    }
    return origin.resource("aws_api_gateway_gateway_response", values, f".{kind}")


_PREFERENCE: Final = re.compile(
    r"Canary(\d+)Percent(\d+)Minutes|Linear(\d+)PercentEvery(\d+)Minutes?"
)


def canary_of(kind: str) -> tuple[int, int] | None:
    """Read the type of a deployment preference: percent at first, and minutes until all."""
    found = _PREFERENCE.fullmatch(kind)
    if found is None:
        return None
    percent, minutes = int(found[1] or found[3]), int(found[2] or found[4])
    return percent, minutes if found[1] else minutes * max(1, 100 // max(1, percent))
