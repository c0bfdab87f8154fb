"""Owns how parameters are named in requests, and how they look in answers."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from frontdesk.stores.vault.parameters import Parameter, Version


class Asked(NamedTuple):
    """A parameter as a request names it. selector: a version or label; "" for the newest."""

    name: str
    selector: str


@dataclass(frozen=True, slots=True)
class ParameterArns:
    """Where the parameters are."""

    region: str
    account: str

    def of(self, name: str) -> str:
        """Write the ARN of a parameter."""
        slash = "" if name.startswith("/") else "/"
        return f"arn:aws:ssm:{self.region}:{self.account}:parameter{slash}{name}"


def asked(text: str) -> Asked:
    """Read `name`, `name:3`, `name:label` or an ARN, which may have them, too."""
    if text.startswith("arn:"):
        _, _, path = text.partition(":parameter")
        name, _, selector = path.partition(":")
        # A name without levels has the slash of the ARN alone.
        return Asked(name if name.count("/") > 1 else name.removeprefix("/"), selector)
    name, _, selector = text.partition(":")
    return Asked(name, selector)


def shown(
    parameter: Parameter, version: Version, value: str, arns: ParameterArns, selector: str = ""
) -> dict[str, Any]:
    """Write a parameter with a value. value: the text, or what stands for it."""
    answer = {
        "Name": parameter.name,
        "Type": version.type,
        "Value": value,
        "Version": version.number,
        "LastModifiedDate": version.created,
        "ARN": arns.of(parameter.name),
        "DataType": parameter.data_type,
    }
    return {**answer, "Selector": f":{selector}"} if selector else answer


def metadata(parameter: Parameter, version: Version) -> dict[str, Any]:
    """Write what is known of a version but its value."""
    members = {"Description": parameter.description, "AllowedPattern": parameter.pattern}
    return {
        "Name": parameter.name,
        "Type": version.type,
        "LastModifiedDate": version.created,
        "Version": version.number,
        "Tier": parameter.tier,
        "Policies": [],
        "DataType": parameter.data_type,
        **{name: text for name, text in members.items() if text},
    }
