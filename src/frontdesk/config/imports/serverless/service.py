"""Writes a service of the Serverless Framework as a template of SAM: functions, state machines, APIs, resources.

Source: Serverless Framework, "Serverless.yml Reference"; serverless-step-functions, "README".
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from frontdesk.base.errors import ConfigError, Finding, Position
from frontdesk.config.imports.cloudformation.intrinsics import TAGS
from frontdesk.config.imports.cloudformation.sam import read_sam_tree
from frontdesk.config.imports.cloudformation.sam_events import HTTP_API, REST_API
from frontdesk.config.imports.resources import Declared, Part
from frontdesk.config.imports.serverless.cors import cors_of_http_api, cors_of_rest_api
from frontdesk.config.imports.serverless.events import (
    authorizer_of_http_api,
    authorizers_of_rest_api,
    event_of,
    http_event,
)
from frontdesk.config.imports.serverless.variables import Variables
from frontdesk.config.imports.serverless.websockets import WEBSOCKET, Call, WebSockets
from frontdesk.config.placed import Branch, Placed

_TIMEOUT: Final = 6
_MEMORY: Final = 1024
"""What a function has at Serverless that says nothing of it: seconds, and megabytes."""

_LATER: Final = {
    "maximumEventAge": "MaximumEventAgeInSeconds",
    "maximumRetryAttempts": "MaximumRetryAttempts",
}
_DESTINATIONS: Final = {"onFailure": "OnFailure", "onSuccess": "OnSuccess"}

_LEFT: Final = ("constructs", "layers")
"""Sections of which nothing is carried."""

_PLUGINS: Final = frozenset(("serverless-offline", "serverless-step-functions"))
"""Plugins whose work is done here without them."""

_INSTEAD: Final = {
    "serverless-python-requirements": "name the file of packages with `requirements` of the functions"
}
"""Plugin → what does the same here."""

_OF_STEP_FUNCTIONS: Final = ("stateMachines", "validate")
"""Of its section: what is carried, and what asks the plugin to check definitions, as is done here anyway."""


def read_serverless(
    path: Path, given: Mapping[str, str], environ: Mapping[str, str], declared: Declared
) -> None:
    """Read a service, and add what it declares.

    given: options and parameters (`stage`), and what other stacks say. environ: for `${env:…}`.
    Raises: ConfigError for what is no service, or has variables that cannot be known.
    """
    written = declared.project.tree(path, Position(str(path), 1, 1, ""), TAGS)
    read_service(Variables(written, given, environ, declared).resolve(written), given, declared)


def read_service(service: Placed, given: Mapping[str, str], declared: Declared) -> None:
    """Read a service whose variables are replaced, and add what it declares."""
    if not {"functions", "resources"} & service.value.keys():
        message = "expected a serverless.yml with functions or resources"
        raise ConfigError((Finding("error", "template", service.position(), message),))
    for key in _LEFT:
        placed = service.get(key)
        if placed is not None:
            declared.left(placed.position(of_key=True), f"{key} is not carried yet")
    plugins = service.below("plugins")
    for plugin in (plugins.get("modules") or plugins).members():
        if plugin.value not in _PLUGINS:
            hint = _INSTEAD.get(str(plugin.value), "")
            declared.left(plugin.position(), f"the plugin {plugin.value} is not carried", hint)
    for key, placed in service.below("stepFunctions").items():
        if key not in _OF_STEP_FUNCTIONS:
            where = placed.position(of_key=True)
            declared.left(where, f"stepFunctions.{key} is not carried yet")
    read_sam_tree(_Service(service).template(), given, declared)


def part_of(placed: Placed, address: str) -> Part:
    """Read a mapping of the service by the form that its values should have."""
    return Part({"it": placed.value}, address, placed.position()).part("it")


class _Service:
    """A service whose variables are replaced."""

    def __init__(self, service: Placed) -> None:
        self._service = service
        self._provider = service.below("provider")
        self._functions = list(_entries(service.get("functions")))
        machines = service.below("stepFunctions").below("stateMachines")
        self._machines = list(_entries(machines))
        self._stage = self._provider.text("stage") or "dev"

    def template(self) -> Placed:
        """Write it."""
        template = Branch.at(self._service)
        resources = template.branch("Resources", self._service)
        for section in _sections(self._service.get("resources")):
            for name, placed in section.below("Resources").items():
                resources.graft(name, placed)
            for key in ("Conditions", "Mappings", "Parameters"):
                template.branch(key, section).lay_over(section.below(key))
        owners = [owner for _, owner in (*self._functions, *self._machines)]
        events = [event for owner in owners for event in _events(owner)]
        for name, function in self._functions:
            self._function(resources.branch(logical_id(name), function), name, function)
        for name, machine in self._machines:
            self._machine(resources.branch(_plain(name), machine), name, machine)
        kinds = {kind for kind, _ in events}
        if "httpApi" in kinds:
            self._http_api(resources.branch(HTTP_API, self._provider), events)
        if "http" in kinds:
            self._rest_api(resources.branch(REST_API, self._provider), events)
        if WEBSOCKET in kinds:
            self._websockets(resources)
        return Placed(template.value, template.node)

    def _function(self, made: Branch, name: str, function: Placed) -> None:
        said, provider = part_of(function, name), part_of(self._provider, "provider")
        made.put("Type", "AWS::Serverless::Function", function)
        properties = {
            "FunctionName": said.text("name") or name,
            "CodeUri": ".",
            "Handler": said.text("handler"),
            "Runtime": said.text("runtime") or provider.text("runtime"),
            "Timeout": _first(said, provider, "timeout", _TIMEOUT),
            "MemorySize": _first(said, provider, "memorySize", _MEMORY),
            "ReservedConcurrentExecutions": said.number("reservedConcurrency"),
            "Layers": said.values.get("layers"),
            "Events": _numbered(name, function),
        }
        properties["EventInvokeConfig"] = self._later(said)
        url = said.values.get("url")
        if url:
            signed = isinstance(url, dict) and url.get("authorizer") == "aws_iam"
            properties["FunctionUrlConfig"] = {"AuthType": "AWS_IAM" if signed else "NONE"}
        branch = made.branch("Properties", function)
        for key, value in properties.items():
            if value not in (None, "", {}):
                branch.put(key, value, function)
        variables = branch.branch("Environment", function).branch("Variables", function)
        for holder in (self._provider, function):
            variables.lay_over(holder.below("environment"))

    def _later(self, said: Part) -> dict[str, Any]:
        """Say what is done with asynchronous invocations of a function."""
        to = said.part("destinations").said(_DESTINATIONS)
        later = said.said(_LATER)
        if to:
            later["DestinationConfig"] = {
                word: {"Destination": self._destination(each)} for word, each in to.items()
            }
        return later

    def _destination(self, told: Any) -> str:
        """Write the ARN of a destination: of another function of the service, or the one that is told."""
        if isinstance(told, dict):
            return str(told.get("arn", ""))
        function = dict(self._functions).get(str(told))
        if function is None:
            return str(told)
        name = part_of(function, str(told)).text("name") or told
        return f"arn:aws:lambda:us-east-1:000000000000:function:{name}"

    def _machine(self, made: Branch, name: str, machine: Placed) -> None:
        said = part_of(machine, name)
        made.put("Type", "AWS::Serverless::StateMachine", machine)
        branch = made.branch("Properties", machine)
        named, definition = machine.get("name"), machine.get("definition")
        if named is not None:
            branch.graft("Name", named)
        if definition is not None:
            branch.graft("Definition", definition)
        properties = {
            "Type": said.text("type"),
            "Logging": {"Level": said.part("loggingConfig").text("level")},
            "Events": _numbered(name, machine),
        }
        for key, value in properties.items():
            if value not in ("", {}):
                branch.put(key, value, machine)

    def _websockets(self, resources: Branch) -> None:
        names = {name: part_of(each, name).text("name") or name for name, each in self._functions}
        title = f"{self._stage}-{self._service.text('service')}-websockets"
        written = WebSockets(resources, names)
        written.write_api(part_of(self._provider, "provider"), self._provider, title)
        for name, function in self._functions:
            for number, (kind, event) in enumerate(_events(function)):
                if kind == WEBSOCKET:
                    written.write_route(f"{_plain(name)}Websocket{number}", Call(name, event))

    def _http_api(self, made: Branch, events: list[tuple[str, Placed]]) -> None:
        settings = part_of(self._provider, "provider").part("httpApi")
        made.put("Type", "AWS::Serverless::HttpApi", self._provider)
        routes = [http_event(event, "httpApi") for kind, event in events if kind == "httpApi"]
        name = settings.text("name") or f"{self._stage}-{self._service.text('service')}"
        properties = {
            "Name": name,
            "Auth": {
                "Authorizers": {
                    key: authorizer_of_http_api(each) for key, each in settings.named("authorizers")
                }
            },
            "CorsConfiguration": cors_of_http_api(settings, routes),
        }
        for key, value in properties.items():
            made.branch("Properties", self._provider).put(key, value, self._provider)

    def _rest_api(self, made: Branch, events: list[tuple[str, Placed]]) -> None:
        provider = part_of(self._provider, "provider")
        made.put("Type", "AWS::Serverless::Api", self._provider)
        gateway = provider.part("apiGateway")
        parts = [
            part_of(event, "http")
            for kind, event in events
            if kind == "http" and isinstance(event.value, dict)
        ]
        properties: dict[str, Any] = {
            "Name": provider.text("apiName") or f"{self._stage}-{self._service.text('service')}",
            "StageName": self._stage,
            "BinaryMediaTypes": gateway.texts("binaryMediaTypes"),
            "MinimumCompressionSize": gateway.number("minimumCompressionSize"),
            "ApiKeySourceType": gateway.text("apiKeySourceType").upper(),
            "Auth": {"Authorizers": dict(authorizers_of_rest_api(parts))},
            "Cors": cors_of_rest_api(parts),
        }
        plan = gateway.part("usagePlan")
        if plan.values or gateway.values.get("apiKeys"):
            properties["Auth"]["UsagePlan"] = {
                "CreateUsagePlan": "PER_API",
                "Quota": _capitalised(plan.mapping("quota")),
                "Throttle": _capitalised(plan.mapping("throttle")),
            }
        for key, value in properties.items():
            if value not in (None, "", []):
                made.branch("Properties", self._provider).put(key, value, self._provider)


def _entries(section: Placed | None) -> Iterator[tuple[str, Placed]]:
    """Go through a section that is a mapping, or a list of them."""
    for each in _sections(section):
        yield from each.items()


def _sections(section: Placed | None) -> Iterator[Placed]:
    if section is not None:
        yield from section.members() if isinstance(section.value, list) else [section]


def _numbered(name: str, owner: Placed) -> dict[str, dict[str, Any]]:
    """Write the events of a function or state machine."""
    return {
        f"Event{number}": event_of(kind, event, f"{name}: event {number}")
        for number, (kind, event) in enumerate(_events(owner))
        if kind != WEBSOCKET
    }


def _events(owner: Placed) -> Iterator[tuple[str, Placed]]:
    """Go through the events of a function or state machine: their kind, and what is said of each."""
    for event in owner.below("events").members():
        if isinstance(event.value, dict):
            yield from event.items()
        else:
            yield str(event.value), Placed({}, event.node, event.path)


def logical_id(name: str) -> str:
    """Write the logical id of a function as Serverless does: `book-now` is BookDashnowLambdaFunction."""
    return f"{_plain(name)}LambdaFunction"


def _plain(name: str) -> str:
    return (name[:1].upper() + name[1:]).replace("-", "Dash").replace("_", "Underscore")


def _first(said: Part, provider: Part, key: str, default: int) -> Any:
    own = said.number(key)
    shared = provider.number(key)
    return own if own is not None else shared if shared is not None else default


def _capitalised(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key[:1].upper() + key[1:]: value for key, value in values.items()}
