"""Owns which state machine, activity or connection an ARN names: the last parts count, region and account do not.

So incomplete ARNs are understood as well, such as `arn:aws:states::stateMachine:NAME`.
Source: AWS, "Step Functions" of the Service Authorization Reference, Resource types.
"""

import re
from typing import Final, NamedTuple

_MACHINE: Final = re.compile(
    r"(?:arn:[\w-]+:states:(?:[\w-]*:)*stateMachine:|(?!arn:))"
    r"(?P<name>[^:\s]+)(?::(?P<qualifier>[^:\s]+))?"
)

_ACTIVITY: Final = re.compile(r"(?:arn:[\w-]+:states:(?:[\w-]*:)*activity:|(?!arn:))([^:\s]+)")

_CONNECTION: Final = re.compile(r"(?:.*:)?connection/([^/]+)(?:/.*)?")


class MachineName(NamedTuple):
    """What an ARN names. qualifier: a version's number or an alias; "" for neither."""

    name: str
    qualifier: str


def read_machine(text: str) -> MachineName | None:
    """Read which state machine is meant by an ARN, a part of one, or a name, each with a qualifier or none.

    None: this names something else.
    """
    found = _MACHINE.fullmatch(text)
    return MachineName(found["name"], found["qualifier"] or "") if found else None


def machine_name(text: str) -> str | None:
    """Return the name of a state machine that is given by its ARN, by a part of one, or by name.

    A version or an alias behind the name is left out. None: this names something else.
    """
    found = read_machine(text)
    return found.name if found else None


def activity_name(text: str) -> str | None:
    """Return the name of an activity that is given by its ARN, by a part of one, or by name. None: neither."""
    found = _ACTIVITY.fullmatch(text)
    return found[1] if found else None


def connection_name(text: str) -> str:
    """Return the name of a connection that is given by its ARN, by a part of one, or by name."""
    found = _CONNECTION.fullmatch(text)
    return found[1] if found else text
