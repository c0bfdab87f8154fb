"""Owns how state machines, executions and activities may be named.

Source: AWS, Step Functions, "Service quotas", and CreateStateMachine, `name`.
"""

import re
from typing import Final

LONGEST_NAME: Final = 80
"""Characters of a name."""

_NAME: Final = re.compile(
    rf"""[^\s?*<>{{}}\[\]"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{{1,{LONGEST_NAME}}}"""
)


def is_name(text: str) -> bool:
    """Tell whether something may be named so: no blanks, no signs that mean something in ARNs and patterns."""
    return _NAME.fullmatch(text) is not None
