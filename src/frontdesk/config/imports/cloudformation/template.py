"""A template of CloudFormation: what its names stand for, and its values without functions in them.

What only a stack would know is a text `${input:…}`; what another stack exports is given by name.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from frontdesk.config.imports.arns import ACCOUNT, REGION, arn_of, function_arn, machine_arn
from frontdesk.config.imports.cloudformation.intrinsics import FUNCTIONS, failed, is_true
from frontdesk.config.imports.resources import Declared, name_of
from frontdesk.config.placed import Placed

_PSEUDO: Final[Mapping[str, str]] = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "stack",
    "AWS::URLSuffix": "amazonaws.com",
}

_NAMES: Final[Mapping[str, str]] = {
    "AWS::ApiGateway::DomainName": "DomainName",
    "AWS::ApiGateway::Model": "Name",
    "AWS::ApiGateway::Stage": "StageName",
    "AWS::ApiGatewayV2::DomainName": "DomainName",
    "AWS::ApiGatewayV2::Stage": "StageName",
    "AWS::Events::EventBus": "Name",
    "AWS::Lambda::Alias": "Name",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Serverless::Function": "FunctionName",
    "AWS::Serverless::StateMachine": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}
"""Type → the property that names a resource; others are known by their logical id."""

_RESOLVE: Final = re.compile(r"\{\{resolve:(?:ssm|ssm-secure|secretsmanager):([^}]*)\}\}")
_SECRET: Final = re.compile(r"(arn:[^}]*?:secret:[^:}]*|[^:}]*)(?::SecretString)?:?([^:}]*)")
"""The name of a secret or parameter, and the key in its JSON."""

REMOVED: Final = object()
"""What `AWS::NoValue` makes of a property: it is not there."""


class Template:
    """A template whose values are evaluated when they are asked for."""

    def __init__(self, root: Placed, given: Mapping[str, str], declared: Declared) -> None:
        """given: values of parameters, exports, and attributes such as `Pool.Arn`."""
        self._root = root
        self._given = given
        self._declared = declared
        self._known: dict[str, Any] = {}
        self._underway: set[str] = set()
        self._resources = dict(root.below("Resources").items())

    def resources(self) -> Iterator[tuple[str, str, Placed]]:
        """Go through the resources that are made: logical id, type, and where they stand."""
        for name, placed in self._resources.items():
            condition = placed.get("Condition")
            if condition is None or self.condition(str(condition.value), condition):
                yield name, placed.text("Type"), placed

    def value(self, placed: Placed) -> Any:
        """Evaluate a value with all that is in it.

        Raises: ConfigError at the place of a function that cannot be evaluated.
        """
        if isinstance(placed.value, dict):
            return self._mapping(placed)
        if isinstance(placed.value, list):
            values = [self.value(each) for each in placed.members()]
            return [each for each in values if each is not REMOVED]
        if isinstance(placed.value, str):
            return self._resolved(placed.value, placed)
        return placed.value

    def _mapping(self, placed: Placed) -> Any:
        if len(placed.value) == 1:
            (name, inner), *_ = placed.items()
            if name in FUNCTIONS:
                value = FUNCTIONS[name](self, inner)
                return self._resolved(value, placed) if isinstance(value, str) else value
            if name.startswith("Fn::"):
                raise failed(placed, f"this function is not supported: {name}")
        found = {key: self.value(each) for key, each in placed.items()}
        return {key: each for key, each in found.items() if each is not REMOVED}

    def _resolved(self, text: str, at: Placed) -> str:
        """Turn dynamic references into ours."""

        def secret(found: re.Match[str]) -> str:
            named = _SECRET.match(found[1])
            parts = named.groups() if named else (found[1],)
            is_version = parts[-1].isdecimal()  # of a parameter
            name = parts[0].rpartition(":")[2] if parts[0].startswith("arn:") else parts[0]
            whole = name if is_version or not parts[-1] else f"{name}_{parts[-1]}"
            return self._declared.secret(whole, at.position())

        return _RESOLVE.sub(secret, text)

    def condition(self, name: str, at: Placed) -> bool:
        """Evaluate a condition of the template."""
        found = self._root.below("Conditions").get(name)
        if found is None:
            raise failed(at, f"there is no condition {name}")
        return bool(self._once(f"condition {name}", at, lambda: is_true(self.value(found))))

    def reference(self, name: str, at: Placed) -> Any:
        """Find what `Ref` gives."""
        if name == "AWS::NoValue":
            return REMOVED
        if name in _PSEUDO:
            return self._given.get(name, _PSEUDO[name])
        parameter = self._root.below("Parameters").get(name)
        if parameter is not None:
            return self._parameter(name, parameter, at)
        resource, dot, attribute = name.partition(".")
        if dot:  # SAM has `Ref: Function.Alias`
            return self.attribute(resource, attribute, at)
        if name not in self._resources or self._type(name) in _NEVER_MADE_UP:
            return self.asked(name, at)
        if self._type(name) == "AWS::Lambda::Alias":
            return function_arn(self._alias(name))
        if self._type(name) in _MACHINES:
            return _machine(self, name)
        if self._type(name) == "AWS::SNS::Topic":
            return _topic(self, name)
        return self.named(name)

    def _parameter(self, name: str, parameter: Placed, at: Placed) -> Any:
        default = parameter.get("Default")
        if name not in self._given and default is None:
            return self.asked(name, at)
        value = self._given[name] if name in self._given or default is None else default.value
        is_list = parameter.text("Type").startswith(("List<", "CommaDelimitedList"))
        return [each.strip() for each in str(value).split(",")] if is_list else value

    def _type(self, name: str) -> str:
        return self._resources[name].text("Type")

    def _said(self, name: str, key: str) -> Any:
        placed = self._resources[name].below("Properties").get(key)
        if placed is None:
            return None
        return self._once(f"{name}.{key}", placed, lambda: self.value(placed))

    def named(self, name: str) -> str:
        """Return the name of a resource: what it says, or its logical id."""
        said = self._said(name, _NAMES.get(self._type(name), ""))
        return said if isinstance(said, str) else name

    def attribute(self, name: str, attribute: str, at: Placed) -> Any:
        """Find what `GetAtt` gives."""
        if name in self._resources and f"{name}.{attribute}" not in self._given:
            made_up = _MADE_UP.get((self._type(name), attribute))
            if made_up is None and self._type(name) not in _NEVER_MADE_UP:
                made_up = _OF_ALL.get(attribute)
            if made_up is not None:
                return made_up(self, name)
        return self.asked(f"{name}.{attribute}", at)

    def _alias(self, name: str) -> str:
        function = str(self._said(name, "FunctionName")).rpartition(":")[2]
        return f"{name_of(function)}:{self.named(name)}"

    def function(self, name: str) -> str:
        """Return the ARN of a function."""
        return function_arn(name_of(self.named(name)))

    def published(self, name: str) -> str:
        """Return the ARN of the alias that SAM publishes a function under."""
        return f"{self.function(name)}:{self._said(name, 'AutoPublishAlias')}"

    def asked(self, name: str, at: Placed) -> str:
        """Return what the operator has given, or a text that stands for it."""
        return (
            self._given[name] if name in self._given else self._declared.asked(name, at.position())
        )

    def mapped(self, keys: list[Any], at: Placed) -> Any:
        """Evaluate `FindInMap`."""
        found: Any = self._root.below("Mappings").value
        for key in keys[:3]:
            if not isinstance(found, dict) or str(key) not in found:
                if len(keys) > 3 and isinstance(keys[3], dict) and "DefaultValue" in keys[3]:
                    return keys[3]["DefaultValue"]
                raise failed(at, f"there is no {key} in this mapping")
            found = found[str(key)]
        return found

    def _once(self, key: str, at: Placed, make: Callable[[], Any]) -> Any:
        """Evaluate something when it is first asked for.

        Raises: ConfigError when it needs itself.
        """
        if key not in self._known:
            if key in self._underway:
                raise failed(at, f"{key} needs itself")
            self._underway.add(key)
            try:
                self._known[key] = make()
            finally:
                self._underway.discard(key)
        return self._known[key]


def _queue(template: Template, name: str) -> str:
    return arn_of("sqs", template.named(name))


def _topic(template: Template, name: str) -> str:
    return arn_of("sns", template.named(name))


def _bus(template: Template, name: str) -> str:
    return arn_of("events", f"event-bus/{template.named(name)}")


_MACHINES: Final = ("AWS::Serverless::StateMachine", "AWS::StepFunctions::StateMachine")


def _machine(template: Template, name: str) -> str:
    return machine_arn(template.named(name))


_MADE_UP: Final[Mapping[tuple[str, str], Callable[[Template, str], str]]] = {
    ("AWS::ApiGateway::RestApi", "RootResourceId"): lambda _template, name: f"{name}/",
    ("AWS::Events::EventBus", "Arn"): _bus,
    ("AWS::Events::EventBus", "Name"): Template.named,
    ("AWS::Lambda::Function", "Arn"): Template.function,
    ("AWS::Lambda::Version", "Version"): lambda _template, _name: "$LATEST",
    ("AWS::SNS::Topic", "TopicArn"): _topic,
    ("AWS::SNS::Topic", "TopicName"): Template.named,
    ("AWS::SQS::Queue", "Arn"): _queue,
    ("AWS::SQS::Queue", "QueueName"): Template.named,
    ("AWS::Serverless::Api", "RootResourceId"): lambda _template, name: f"{name}/",
    ("AWS::Serverless::Function", "Alias"): Template.published,
    ("AWS::Serverless::Function", "Arn"): Template.function,
    ("AWS::Serverless::Function", "Version"): Template.function,
    ("AWS::Serverless::StateMachine", "Arn"): _machine,
    ("AWS::Serverless::StateMachine", "Name"): Template.named,
    ("AWS::StepFunctions::StateMachine", "Arn"): _machine,
    ("AWS::StepFunctions::StateMachine", "Name"): Template.named,
}
"""Type and attribute that only a stack would tell → what stands for it."""

_NEVER_MADE_UP: Final = frozenset(("AWS::Cognito::UserPool", "AWS::Cognito::UserPoolClient"))
"""Types whose ids and ARNs say which tokens are trusted: the operator gives them."""

_OF_ALL: Final[Mapping[str, Callable[[Template, str], str]]] = {
    "Arn": lambda _template, name: name,
    "LayerVersionArn": lambda _template, name: name,
}
"""Attributes of resources of other types, which their logical id stands for."""
