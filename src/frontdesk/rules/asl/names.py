"""Owns how state machines, executions and activities may be named.

Source: AWS, Step Functions, "Service quotas", and CreateStateMachine, `name`.
"""

import re
from typing import Final
from urllib.parse import quote

LONGEST_NAME: Final = 80
"""Characters of a name."""

_SIGNS: Final = r"""\s?*<>{}\[\]"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f"""
_NAME: Final = re.compile(f"[^{_SIGNS}]{{1,{LONGEST_NAME}}}")
_SIGN: Final = re.compile(f"[{_SIGNS}]")


def is_name(text: str) -> bool:
    """Tell whether something may be named so: no blanks, no signs that mean something in ARNs and patterns."""
    return _NAME.fullmatch(text) is not None


def arn_part(text: str) -> str:
    """Write the label of a Map, or its name, as a part of an ARN: a space is `%20`, a colon `%3A`."""
    return _SIGN.sub(lambda found: quote(found[0], safe=""), text)
