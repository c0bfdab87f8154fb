"""Owns what the `Resource` of a Task means: a function, an activity, or a service's action and its pattern.

Knows nobody who does the work.
Source: AWS, "Integrating services with Step Functions", "Resource" of a Task state.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Final

from frontdesk.rules.asl.model import Json


class Kind(StrEnum):
    """Who does a task; the name is how AWS's history events begin."""

    FUNCTION = "LambdaFunction"
    ACTIVITY = "Activity"
    SERVICE = "Task"


@dataclass(frozen=True)
class Resource:
    """A Resource that has been read; it is asked the same at every attempt.

    name: of a function or an activity, qualifier included. service, action: such as `lambda` and
    `invoke.waitForTaskToken`. pattern: `sync`, `sync:2`, `waitForTaskToken`, or "".
    """

    text: str
    kind: Kind
    name: str = ""
    service: str = ""
    action: str = ""
    pattern: str = ""

    @cached_property
    def has_token(self) -> bool:
        """Whether somebody else completes the task by its token."""
        return self.pattern == "waitForTaskToken" or self.kind is Kind.ACTIVITY

    @property
    def shown(self) -> str:
        """How AWS names it where its result is too large."""
        return self.service or self.text

    @cached_property
    def described(self) -> Mapping[str, Json]:
        """What the events of a service's task say of it; nothing for others."""
        if self.kind is not Kind.SERVICE:
            return {}
        return {"resourceType": self.service, "resource": self.action}


_SERVICE: Final = re.compile(
    r"arn:[\w-]+:states:[^:]*:[^:]*:((?:aws-sdk:)?[\w-]+):([\w-]+)(?:\.(.+))?"
)
_ACTIVITY: Final = re.compile(r"arn:[\w-]+:states:[^:]*:[^:]*:activity:(.+)")
FUNCTION: Final = re.compile(r"(?:.*:)?function:(.+)")
"""An ARN of a function, or a part of one; the group is its name, qualifier included."""


@lru_cache(maxsize=1024)
def read_resource(text: str) -> Resource:
    """Read a Resource. A text that is no ARN of AWS's forms is the name of a function."""
    if found := _ACTIVITY.fullmatch(text):
        return Resource(text, Kind.ACTIVITY, name=found[1])
    if found := _SERVICE.fullmatch(text):
        service, action, pattern = found[1], found[2], found[3] or ""
        full = f"{action}.{pattern}" if pattern else action
        return Resource(text, Kind.SERVICE, service=service, action=full, pattern=pattern)
    found = FUNCTION.fullmatch(text)
    return Resource(text, Kind.FUNCTION, name=found[1] if found else text)
