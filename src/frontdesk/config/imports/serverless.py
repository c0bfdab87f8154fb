"""Reads `serverless.yml`: its variables, and what its functions and events are in SAM's words.

Source: Serverless Framework, "Serverless.yml Reference" and "Variables".
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from frontdesk.base.errors import ConfigError, Finding
from frontdesk.config.imports.cloudformation.intrinsics import REGION, TAGS
from frontdesk.config.imports.cloudformation.sam import HTTP_API, REST_API, read_sam_tree
from frontdesk.config.imports.resources import LEFT, MISSING, Declared
from frontdesk.config.placed import Branch, Placed
from frontdesk.config.tree import Node, Tree
from frontdesk.config.yaml_source import read_yaml

_INNERMOST: Final = re.compile(r"\$\{(?!AWS::|[A-Za-z0-9]+\.|[A-Za-z0-9]+\})([^${}]*)\}")
"""A variable that has none inside; what CloudFormation's `Sub` reads stays."""

_KEPT: Final = "\0{"
"""What stands for the beginning of a reference of ours, so that it is not looked up again."""

_PART: Final = re.compile(r"\s*(?:'([^']*)'|\"([^\"]*)\"|([^,'\"]+))\s*(?:,|$)")
_FILE: Final = re.compile(r"file\((.+?)\)(?::(.+))?")
_MOST: Final = 50
"""Rounds of replacing: variables may give variables."""

_TIMEOUT: Final = 6
_MEMORY: Final = 1024
"""What a function has at Serverless that says nothing of it."""

_LEFT_AT_THE_TOP: Final = ("stepFunctions", "layers", "constructs")


def read_serverless(path: Path, given: Mapping[str, str], environ: Mapping[str, str]) -> Declared:
    """Read a service. given: options and parameters (`stage`), and what stands in `${cf:…}`.

    environ: for `${env:…}`.
    Raises: ConfigError for what is no service, or has variables that cannot be known.
    """
    tree = _read(path)
    declared = Declared()
    variables = _Variables(tree, path.parent, given, environ, declared)
    service = Placed(variables.resolve(tree.value, tree.node), tree.node)
    if not {"functions", "resources"} & tree.value.keys():
        where = service.position()
        message = "expected a serverless.yml with functions or resources"
        raise ConfigError((Finding("error", "template", where, message),))
    for key in _LEFT_AT_THE_TOP:
        placed = service.get(key)
        if placed is not None:
            declared.tell(LEFT, placed.position(of_key=True), f"{key} is not carried")
    return read_sam_tree(_template(service), given, declared)


def _read(path: Path) -> Tree:
    tree, findings = read_yaml(path.read_bytes(), str(path), TAGS)
    if tree is None or findings:
        raise ConfigError(tuple(findings))
    return tree


# -- variables ------------------------------------------------------------------------------------


class _Variables:
    """What `${…}` stands for in one service."""

    def __init__(
        self,
        tree: Tree,
        folder: Path,
        given: Mapping[str, str],
        environ: Mapping[str, str],
        declared: Declared,
    ) -> None:
        self._tree = tree
        self._folder = folder
        self._given = given
        self._environ = environ
        self._declared = declared

    def resolve(self, value: Any, node: Node) -> Any:
        """Replace the variables of a value, all the way down. Nodes are kept."""
        if isinstance(value, dict):
            return {key: self.resolve(each, node.children[key]) for key, each in value.items()}
        if isinstance(value, list):
            return [self.resolve(each, node.children[at]) for at, each in enumerate(value)]
        return self._text(value, node) if isinstance(value, str) else value

    def _text(self, text: str, node: Node) -> Any:
        for _ in range(_MOST):
            found = _INNERMOST.search(text)
            if found is None:
                return text.replace(_KEPT, "${")
            value = self._value(found[1], node)
            if found[0] == text and not isinstance(value, str):
                return value
            text = f"{text[: found.start()]}{value}{text[found.end() :]}"
        raise self._failed(node, "this variable never ends")

    def _value(self, expression: str, node: Node) -> Any:
        """Evaluate `source:address, default`: the first that is there."""
        parts = [found for found in _PART.finditer(expression) if found[0]]
        for part in parts:
            if part[3] is None:
                return part[1] if part[1] is not None else part[2]
            source, _, address = part[3].strip().partition(":")
            value = self._of(source, address, part[3].strip(), node)
            if value is not None:
                return value
        first = expression.split(",", maxsplit=1)[0].strip()
        if first in self._given:
            return self._given[first]
        hint = f"give it with --set {first}=VALUE"
        where = Placed({}, node).position()
        self._declared.tell(MISSING, where, f"nothing here says what {first} is", hint)
        return f"{_KEPT}input:{first}}}"

    def _of(self, source: str, address: str, whole: str, node: Node) -> Any:
        """Ask one source; None where it has no answer."""
        if whole in self._given:
            return self._given[whole]
        if found := _FILE.fullmatch(whole):
            tree = _read(self._folder / found[1])
            return _at(tree.value, found[2] or "")
        sources: dict[str, Callable[[], Any]] = {
            "aws": lambda: {"region": self._region(), "accountId": "000000000000"}.get(address),
            "env": lambda: self._environ.get(address),
            "opt": lambda: self._given.get(address),
            "param": lambda: self._given.get(address),
            "self": lambda: _at(self._tree.value, address),
            "sls": lambda: self._stage() if address == "stage" else None,
            "ssm": lambda: f"{_KEPT}env:{_variable(address)}}}",
        }
        if source in sources:
            return sources[source]()
        if source in ("cf", "s3"):
            return None
        try:
            return int(whole)
        except ValueError:
            if whole in ("true", "false", "null"):
                return {"true": True, "false": False}.get(whole)
        raise self._failed(node, f"this variable is not supported: ${{{whole}}}")

    def _stage(self) -> str:
        stage = self._given.get("stage") or _at(self._tree.value, "provider.stage")
        return stage if isinstance(stage, str) and "${" not in stage else "dev"

    def _region(self) -> str:
        region = _at(self._tree.value, "provider.region")
        return region if isinstance(region, str) and "${" not in region else REGION

    @staticmethod
    def _failed(node: Node, message: str) -> ConfigError:
        where = Placed({}, node).position()
        return ConfigError((Finding("error", "template", where, message),))


def _variable(address: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", address).strip("_").upper()


def _at(value: Any, address: str) -> Any:
    for part in address.split(".") if address else ():
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


# -- as SAM says it -------------------------------------------------------------------------------


def _template(service: Placed) -> Placed:
    """Write a service as a template of SAM."""
    template = Branch.at(service)
    resources = template.branch("Resources", service)
    provider = service.below("provider")
    for name, placed in service.below("resources").below("Resources").items():
        resources.graft(name, placed)
    for key in ("Parameters", "Conditions", "Mappings"):
        placed_section = service.below("resources").get(key)
        if placed_section is not None:
            template.graft(key, placed_section)
    for name, function in service.below("functions").items():
        _function(resources.branch(_logical(name), function), name, function, provider)
    title = f"{provider.text('stage') or 'dev'}-{service.text('service')}"
    events = [
        next(iter(event.value), "") if isinstance(event.value, dict) else event.value
        for _, function in service.below("functions").items()
        for event in function.below("events").members()
    ]
    if "httpApi" in events:
        _http_api(resources.branch(HTTP_API, provider), provider, title)
    if "http" in events:
        _rest_api(resources.branch(REST_API, provider), service, provider, title)
    return Placed(template.value, template.node)


def _logical(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", name.title()) + "LambdaFunction"


def _function(made: Branch, name: str, function: Placed, provider: Placed) -> None:
    made.put("Type", "AWS::Serverless::Function", function)
    properties = made.branch("Properties", function)
    said = {
        "FunctionName": name,
        "CodeUri": ".",
        "Runtime": function.text("runtime") or provider.text("runtime"),
        "Timeout": function.value.get("timeout", provider.value.get("timeout", _TIMEOUT)),
        "MemorySize": function.value.get("memorySize", provider.value.get("memorySize", _MEMORY)),
        "ReservedConcurrentExecutions": function.value.get("reservedConcurrency"),
    }
    for key, value in said.items():
        if value is not None:
            properties.put(key, value, function)
    handler = function.get("handler")
    if handler is not None:
        properties.graft("Handler", handler)
    variables = properties.branch("Environment", function).branch("Variables", function)
    for holder in (provider, function):
        variables.lay_over(holder.below("environment"))
    url = function.get("url")
    if url is not None and url.value:
        properties.put("FunctionUrlConfig", {"AuthType": _url_auth(url)}, url)
    events = properties.branch("Events", function)
    for number, event in enumerate(function.below("events").members()):
        kind, inner = _event(event)
        events.put(f"Event{number}", {"Type": kind, "Properties": inner}, event)


def _url_auth(url: Placed) -> str:
    return "AWS_IAM" if url.text("authorizer") == "aws_iam" else "NONE"


def _event(event: Placed) -> tuple[str, dict[str, Any]]:
    """Write an event in SAM's words: its type and properties."""
    if not isinstance(event.value, dict) or not event.value:
        return str(event.value), {}
    (kind, said), *_ = event.value.items()
    if kind not in ("http", "httpApi"):
        return str(kind), {}
    if isinstance(said, str):
        verb, _, path = said.partition(" ")
        said = {"method": verb, "path": path} if path else {"path": said}
    path, verb = str(said.get("path", "")), str(said.get("method", "any"))
    path = "$default" if path in ("*", "") and kind == "httpApi" else f"/{path.lstrip('/')}"
    inner: dict[str, Any] = {"Path": path, "Method": "any" if verb == "*" else verb}
    auth: dict[str, Any] = {}
    authorizer = said.get("authorizer")
    if isinstance(authorizer, dict):
        auth["Authorizer"] = authorizer.get("name") or authorizer.get("type", "").upper()
        auth["AuthorizationScopes"] = authorizer.get("scopes")
    elif authorizer:
        auth["Authorizer"] = "AWS_IAM" if authorizer == "aws_iam" else authorizer
    if said.get("private") is True:
        auth["ApiKeyRequired"] = True
    inner["Auth"] = {key: value for key, value in auth.items() if value}
    if kind == "httpApi":
        inner["ApiId"] = HTTP_API
        return "HttpApi", inner
    inner["RestApiId"] = REST_API
    return "Api", inner


def _http_api(made: Branch, provider: Placed, title: str) -> None:
    made.put("Type", "AWS::Serverless::HttpApi", provider)
    properties, settings = made.branch("Properties", provider), provider.below("httpApi")
    properties.put("Name", title, provider)
    cors = settings.get("cors")
    if cors is not None and cors.value:
        said = {
            _CORS[key]: value
            for key, value in (cors.value if isinstance(cors.value, dict) else {}).items()
            if key in _CORS
        }
        properties.put("CorsConfiguration", said or True, cors)
    for name, placed in settings.below("authorizers").items():
        inner = properties.branch("Auth", placed).branch("Authorizers", placed)
        inner.put(name, _authorizer(placed), placed)


_CORS: Final = {
    "allowCredentials": "AllowCredentials",
    "allowedHeaders": "AllowHeaders",
    "allowedMethods": "AllowMethods",
    "allowedOrigins": "AllowOrigins",
    "exposedResponseHeaders": "ExposeHeaders",
    "maxAge": "MaxAge",
}


def _authorizer(placed: Placed) -> dict[str, Any]:
    said = placed.value
    if said.get("type", "jwt") == "jwt":
        audience = said.get("audience") or []
        return {
            "IdentitySource": said.get("identitySource", "$request.header.Authorization"),
            "JwtConfiguration": {
                "issuer": said.get("issuerUrl"),
                "audience": audience if isinstance(audience, list) else [audience],
            },
        }
    sources = said.get("identitySource") or []
    name = said.get("functionName") or ""
    return {
        "FunctionArn": said.get("functionArn") or f"arn:aws:lambda:::function:{name}",
        "Identity": {
            "Headers": [
                each.removeprefix("$request.header.")
                for each in (sources if isinstance(sources, list) else [sources])
                if each.startswith("$request.header.")
            ],
            "ReauthorizeEvery": said.get("resultTtlInSeconds"),
        },
        "EnableSimpleResponses": said.get("enableSimpleResponses"),
        "AuthorizerPayloadFormatVersion": said.get("payloadVersion"),
    }


def _rest_api(made: Branch, service: Placed, provider: Placed, title: str) -> None:
    made.put("Type", "AWS::Serverless::Api", service)
    properties = made.branch("Properties", provider)
    properties.put("Name", title, provider)
    properties.put("StageName", provider.text("stage") or "dev", provider)
