"""Owns how a destination is written: in the file as `queue:NAME`, in the Lambda API as an ARN."""

import re
from typing import Final, NamedTuple

_NAME: Final = r"[A-Za-z0-9_-]{1,80}"
WRITTEN: Final = (
    rf"queue:{_NAME}(\.fifo)?|function:{_NAME}(:(\$LATEST|[A-Za-z0-9_-]{{1,128}}))?"
    rf"|state_machine:{_NAME}"
)
"""A regular expression of the file's form."""

_OF_FILE: Final = re.compile(WRITTEN, re.ASCII)
_ARN: Final = re.compile(r"arn:aws[a-z-]*:([a-z]+):[a-z0-9-]*:\d{12}:(.+)", re.ASCII)
RESOURCES: Final = {
    "queue": ("sqs", ""),
    "function": ("lambda", "function:"),
    "state_machine": ("states", "stateMachine:"),
}
"""By kind: the service of an ARN, and what stands before the name in it."""


class Destination(NamedTuple):
    """Where something goes. kind: queue, function, state_machine. name: of a function, perhaps with `:qualifier`."""

    kind: str
    name: str

    def __str__(self) -> str:
        """Write it as the file does."""
        return f"{self.kind}:{self.name}"


def parse_destination(text: str) -> Destination | None:
    """Read a destination in either form; of an ARN the last part counts. None: it is none that is known here."""
    found = _ARN.fullmatch(text)
    written = text if found is None else _of_arn(found[1], found[2])
    if _OF_FILE.fullmatch(written) is None:
        return None
    kind, _, name = written.partition(":")
    return Destination(kind, name)


def _of_arn(service: str, resource: str) -> str:
    for kind, (its_service, before) in RESOURCES.items():
        if service == its_service and resource.startswith(before):
            return f"{kind}:{resource.removeprefix(before)}"
    return ""
