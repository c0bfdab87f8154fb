"""Owns which state machine an ARN names: the last part counts, region and account do not.

So incomplete ARNs are understood as well, such as `arn:aws:states::stateMachine:NAME`.
Source: AWS, "Step Functions" of the Service Authorization Reference, Resource types.
"""

import re
from typing import Final

_MACHINE: Final = re.compile(
    r"arn:[\w-]+:states:(?:[\w-]*:)*stateMachine:(?P<name>[^:\s]+)(?::[^:\s]+)?"
)
_NAME: Final = re.compile(r"[^:\s]+")


def machine_name(text: str) -> str | None:
    """Return the name of a state machine that is given by its ARN, by a part of one, or by name.

    A version or an alias behind the name is left out. None: this names something else.
    """
    if found := _MACHINE.fullmatch(text):
        return found["name"]
    return text if _NAME.fullmatch(text) else None
