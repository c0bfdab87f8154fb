"""Owns who can get what is published: a queue, a function, a state machine, by name or ARN."""

import re
from typing import Final, Literal, NamedTuple

Kind = Literal["queue", "function", "state_machine"]

_PREFIXES: Final[dict[Kind, str]] = {
    "queue": "sqs:{place}:",
    "function": "lambda:{place}:function:",
    "state_machine": "states:{place}:stateMachine:",
}
_ARN: Final = re.compile(
    r"arn:[\w-]+:(?P<service>sqs|lambda|states):[\w-]*:\d*:(?P<kind>function:|stateMachine:)?"
    r"(?P<name>[^:\s]+(?::[^:\s]+)?)",
    re.ASCII,
)
_KINDS: Final[dict[tuple[str, str | None], Kind]] = {
    ("sqs", None): "queue",
    ("lambda", "function:"): "function",
    ("states", "stateMachine:"): "state_machine",
}


class Receiver(NamedTuple):
    """One of them. name: of a function or a machine with a version or an alias behind a colon or without."""

    kind: Kind
    name: str

    def arn(self, region: str, account: str) -> str:
        """Write its ARN, as it is here."""
        return "arn:aws:" + _PREFIXES[self.kind].format(place=f"{region}:{account}") + self.name


def read_receiver(arn: str) -> Receiver | None:
    """Read an ARN of whatever region and account. None: it is none of who can get something here."""
    found = _ARN.fullmatch(arn)
    kind = _KINDS.get((found["service"], found["kind"])) if found else None
    return Receiver(kind, found["name"]) if found and kind else None
