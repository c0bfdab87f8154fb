"""Owns what is said of the names of states and labels, over all machines inside of each other.

Knows no field of the states but Label.
"""

import re
from collections.abc import Mapping
from typing import Final

from frontdesk.rules.asl.check.nesting import every_state
from frontdesk.rules.asl.check.spot import Spot
from frontdesk.rules.asl.diagnostics import Code
from frontdesk.rules.asl.model import Json

LONGEST_NAME: Final = 80
"""Characters of a state's name."""

LONGEST_LABEL: Final = 40
"""Characters of a Map's label."""

_NOT_IN_LABELS: Final = re.compile(r"""[\s?*<>{}\[\]:;,\\|^~$#%&`"\x00-\x1f\x7f-\x9f]""")


def check_names(machine: Mapping[str, Json], spot: Spot) -> None:
    """Note names of states that are too long, empty, or there twice."""
    seen: set[str] = set()
    for place, _ in every_state(machine):
        name, here = str(place[-1]), spot.at(*place)
        if not 1 <= len(name) <= LONGEST_NAME:
            here.tell(
                f"State name must have 1 to {LONGEST_NAME} characters", code=Code.INVALID_STATE_NAME
            )
        if name in seen:
            here.tell(
                f'Duplicate state name "{name}"',
                code=Code.DUPLICATE_STATE_NAME,
                hint="names are unique over the whole state machine, branches and processors too",
            )
        seen.add(name)


def check_labels(machine: Mapping[str, Json], spot: Spot) -> None:
    """Note labels of Maps that are not valid, or there twice."""
    seen: set[str] = set()
    for place, state in every_state(machine):
        label = state.get("Label")
        if not isinstance(label, str):
            continue
        here = spot.at(*place, "Label")
        if not 1 <= len(label) <= LONGEST_LABEL or _NOT_IN_LABELS.search(label):
            here.tell(
                f"Label must have 1 to {LONGEST_LABEL} characters, without blanks and signs",
                code=Code.INVALID_LABEL_NAME,
            )
        if label in seen:
            here.tell(f'Duplicate label "{label}"', code=Code.DUPLICATE_LABEL_NAME)
        seen.add(label)
