"""Evaluates CloudFormation's intrinsic functions: values of a template become plain values.

What only a stack would know is a text `${input:…}`; what another stack exports is given by name.
Source: AWS, "Intrinsic function reference".
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from frontdesk.base.errors import ConfigError, Finding
from frontdesk.config.imports.resources import MISSING, Declared
from frontdesk.config.openapi.arns import function_uri
from frontdesk.config.placed import Placed

TAGS: Final[Mapping[str, str]] = {
    "!Base64": "Fn::Base64",
    "!And": "Fn::And",
    "!Condition": "Condition",
    "!Equals": "Fn::Equals",
    "!FindInMap": "Fn::FindInMap",
    "!GetAtt": "Fn::GetAtt",
    "!GetAZs": "Fn::GetAZs",
    "!If": "Fn::If",
    "!ImportValue": "Fn::ImportValue",
    "!Join": "Fn::Join",
    "!Not": "Fn::Not",
    "!Or": "Fn::Or",
    "!Ref": "Ref",
    "!Select": "Fn::Select",
    "!Split": "Fn::Split",
    "!Sub": "Fn::Sub",
    "!ToJsonString": "Fn::ToJsonString",
}
"""Short form of a function → its name."""

ACCOUNT: Final = "000000000000"
REGION: Final = "us-east-1"

_PSEUDO: Final[Mapping[str, str]] = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "stack",
    "AWS::URLSuffix": "amazonaws.com",
}

_NAMES: Final[Mapping[str, str]] = {
    "AWS::ApiGateway::Model": "Name",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Serverless::Function": "FunctionName",
    "AWS::Serverless::StateMachine": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}
"""Type → the property that names a resource; others are known by their logical id."""

_ARNS: Final[Mapping[str, str]] = {
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
    "AWS::Serverless::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::Serverless::StateMachine": "states:{region}:{account}:stateMachine:{name}",
    "AWS::StepFunctions::StateMachine": "states:{region}:{account}:stateMachine:{name}",
}

_VARIABLE: Final = re.compile(r"\$\{(!?)([^}]*)\}")
_RESOLVE: Final = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^}]*)\}\}")

REMOVED: Final = object()
"""What `AWS::NoValue` makes of a property: it is not there."""


class Template:
    """A template whose values are evaluated when they are asked for."""

    def __init__(self, root: Placed, given: Mapping[str, str], declared: Declared) -> None:
        """given: values of parameters, exports, and attributes such as `Pool.Arn`."""
        self._root = root
        self._given = given
        self._declared = declared
        self._conditions: dict[str, bool | None] = {}
        self._resources = dict(root.below("Resources").items())

    def resources(self) -> list[tuple[str, str, Placed]]:
        """List the resources that are made: logical id, type, and where they stand."""
        return [
            (name, placed.text("Type"), placed)
            for name, placed in self._resources.items()
            if self._holds(placed)
        ]

    def _holds(self, placed: Placed) -> bool:
        name = placed.text("Condition")
        return not name or self.condition(name, placed)

    def condition(self, name: str, at: Placed) -> bool:
        """Evaluate a condition of the template."""
        if name not in self._conditions:
            found = self._root.below("Conditions").get(name)
            if found is None:
                raise _failed(at, f"there is no condition {name}")
            self._conditions[name] = None  # while it is evaluated
            self._conditions[name] = self.value(found) in (True, "true")
        known = self._conditions[name]
        if known is None:
            raise _failed(at, f"the condition {name} needs itself")
        return known

    def value(self, placed: Placed) -> Any:
        """Evaluate a value with all that is in it.

        Raises: ConfigError at the place of a function that cannot be evaluated.
        """
        if isinstance(placed.value, dict):
            if len(placed.value) == 1:
                (name, inner), *_ = placed.items()
                if name in FUNCTIONS:
                    return FUNCTIONS[name](self, inner)
                if name.startswith("Fn::"):
                    raise _failed(placed, f"this function is not supported: {name}")
            found = {key: self.value(each) for key, each in placed.items()}
            return {key: each for key, each in found.items() if each is not REMOVED}
        if isinstance(placed.value, list):
            values = [self.value(each) for each in placed.members()]
            return [each for each in values if each is not REMOVED]
        if isinstance(placed.value, str):
            return self._resolved(placed.value)
        return placed.value

    def _resolved(self, text: str) -> str:
        """Turn dynamic references into ours."""
        return _RESOLVE.sub(
            lambda found: f"${{env:{re.sub(r'[^A-Za-z0-9]+', '_', found[2]).strip('_').upper()}}}",
            text,
        )

    def reference(self, name: str, at: Placed) -> Any:
        """Find what `Ref` gives."""
        if name == "AWS::NoValue":
            return REMOVED
        if name in _PSEUDO:
            return self._given.get(name, _PSEUDO[name])
        parameter = self._root.below("Parameters").get(name)
        if parameter is not None:
            if name in self._given:
                return self._given[name]
            default = parameter.get("Default")
            return default.value if default is not None else self.asked(name, at)
        if name in self._resources:
            return self.named(name)
        return self.asked(name, at)

    def named(self, name: str) -> str:
        """Return the name of a resource: what it says, or its logical id."""
        placed = self._resources[name]
        said = placed.below("Properties").get(_NAMES.get(placed.text("Type"), ""))
        return str(self.value(said)) if said is not None else name

    def attribute(self, name: str, attribute: str, at: Placed) -> Any:
        """Find what `GetAtt` gives."""
        placed = self._resources.get(name)
        pattern = _ARNS.get(placed.text("Type")) if placed is not None else None
        if pattern is not None and attribute == "Arn":
            return "arn:aws:" + pattern.format(
                region=REGION, account=ACCOUNT, name=self.named(name)
            )
        if placed is not None and attribute == "RootResourceId":
            return f"{name}/"
        if placed is not None and attribute in ("Arn", "LayerVersionArn", "Version"):
            return f"{name}.{attribute}"
        return self.asked(f"{name}.{attribute}", at)

    def asked(self, name: str, at: Placed) -> str:
        """Return what the operator has given, or a text that stands for it."""
        if name in self._given:
            return self._given[name]
        hint = f"give it with --set {name}=VALUE"
        self._declared.tell(MISSING, at.position(), f"nothing here says what {name} is", hint)
        return f"${{input:{name}}}"

    def substituted(self, text: str, names: Mapping[str, Any], at: Placed) -> str:
        """Evaluate the text of `Sub`."""

        def replace(found: re.Match[str]) -> str:
            literal, name = found[1], found[2].strip()
            if literal:
                return f"${{{found[2]}}}"
            if name in names:
                return str(names[name])
            resource, dot, attribute = name.partition(".")
            if dot:
                return str(self.attribute(resource, attribute, at))
            return str(self.reference(name, at))

        return self._resolved(_VARIABLE.sub(replace, text))

    def mapped(self, keys: list[Any], at: Placed) -> Any:
        """Evaluate `FindInMap`."""
        found: Any = self._root.below("Mappings").value
        for key in keys[:3]:
            if not isinstance(found, dict) or str(key) not in found:
                if len(keys) > 3 and isinstance(keys[3], dict) and "DefaultValue" in keys[3]:
                    return keys[3]["DefaultValue"]
                raise _failed(at, f"there is no {key} in this mapping")
            found = found[str(key)]
        return found


def invocation_of(function: str) -> str:
    """Write the URI of an integration with a function. function: NAME or NAME:QUALIFIER."""
    return function_uri(function, ACCOUNT, REGION)


def _failed(at: Placed, message: str) -> ConfigError:
    return ConfigError((Finding("error", "template", at.position(), message),))


def _list(template: Template, at: Placed) -> list[Any]:
    value = template.value(at)
    if not isinstance(value, list):
        raise _failed(at, "expected a list")
    return value


def _sub(template: Template, at: Placed) -> Any:
    """Evaluate Sub: its text must not be evaluated before its variables are known."""
    if isinstance(at.value, str):
        return template.substituted(at.value, {}, at)
    text, names = at.get(0), at.get(1)
    if text is None or not isinstance(text.value, str):
        raise _failed(at, "expected a text, or a list of a text and its variables")
    return template.substituted(text.value, template.value(names) if names else {}, at)


def _get_att(template: Template, at: Placed) -> Any:
    parts = at.value.split(".", 1) if isinstance(at.value, str) else _list(template, at)
    if len(parts) != 2:
        raise _failed(at, "expected a resource and its attribute")
    return template.attribute(str(parts[0]), str(parts[1]), at)


def _select(template: Template, at: Placed) -> Any:
    index, values = _list(template, at)
    try:
        return values[int(index)]
    except (ValueError, TypeError, IndexError):
        raise _failed(at, f"there is no element {index} in this list") from None


def _split(template: Template, at: Placed) -> Any:
    separator, text = _list(template, at)
    return str(text).split(str(separator))


def _join(template: Template, at: Placed) -> Any:
    separator, values = _list(template, at)
    return str(separator).join(str(value) for value in values)


def _if(template: Template, at: Placed) -> Any:
    parts = list(at.members())
    if len(parts) != 3:
        raise _failed(at, "expected a condition and two values")
    holds = template.condition(str(parts[0].value), at)
    return template.value(parts[1] if holds else parts[2])


def _condition(template: Template, at: Placed) -> Any:
    return template.condition(str(at.value), at)


def _truths(template: Template, at: Placed) -> list[bool]:
    return [value in (True, "true") for value in _list(template, at)]


def _equals(template: Template, at: Placed) -> Any:
    left, right = _list(template, at)
    return str(left) == str(right)


FUNCTIONS: Final[Mapping[str, Callable[[Template, Placed], Any]]] = {
    "Condition": _condition,
    "Fn::And": lambda template, at: all(_truths(template, at)),
    "Fn::Base64": lambda template, at: base64.b64encode(str(template.value(at)).encode()).decode(),
    "Fn::Equals": _equals,
    "Fn::FindInMap": lambda template, at: template.mapped(_list(template, at), at),
    "Fn::GetAtt": _get_att,
    "Fn::If": _if,
    "Fn::ImportValue": lambda template, at: template.asked(str(template.value(at)), at),
    "Fn::Join": _join,
    "Fn::Not": lambda template, at: not _truths(template, at)[0],
    "Fn::Or": lambda template, at: any(_truths(template, at)),
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
    "Fn::ToJsonString": lambda template, at: json.dumps(template.value(at)),
    "Ref": lambda template, at: template.reference(str(at.value), at),
}
"""Name of an intrinsic function → how it is evaluated."""
