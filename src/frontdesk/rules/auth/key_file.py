"""Owns the file of API keys to import, of AWS's form: `name,key,description,enabled,usageplanIds`. Pure.

Source: AWS, "API Gateway API key file format".
"""

import csv
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

_COLUMNS: Final = ("name", "key", "description", "enabled", "usageplanids")
_NEEDED: Final = ("name", "key")
_FLAGS: Final = {"true": True, "false": False, "": True}


class Problem(NamedTuple):
    """What is wrong in a line, which counts from 1. The key itself is never in the message."""

    line: int
    message: str


def read_key_file(
    text: str, plans: Mapping[str, str]
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Read keys as the admin API imports them, and tell every problem.

    plans: a plan's id in the file → name of the plan here; other ids are names already.
    """
    lines = csv.reader(text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").splitlines(keepends=True))
    try:
        rows = [(lines.line_num, values) for values in lines]
    except csv.Error as error:
        return [], [Problem(lines.line_num, str(error))]
    head = [name.strip().lower() for name in rows[0][1]] if rows else []
    problems = [
        *(Problem(1, f"unknown column: {name}") for name in head if name not in _COLUMNS),
        *(Problem(1, f"missing column: {name}") for name in _NEEDED if name not in head),
        *(Problem(1, f"column given twice: {name}") for name in set(head) if head.count(name) > 1),
    ]
    if problems:
        return [], problems
    keys = []
    for line, values in rows[1:]:
        if not any(values):
            continue
        if len(values) > len(head):
            problems.append(Problem(line, f"more than {len(head)} values"))
            continue
        row = dict.fromkeys(_COLUMNS, "") | dict(zip(head, map(str.strip, values), strict=False))
        missing = [name for name in _NEEDED if not row[name]]
        problems += [Problem(line, f"no {name}") for name in missing]
        if row["enabled"].lower() not in _FLAGS:
            problems.append(Problem(line, "expected true or false in enabled"))
            continue
        named = [each.strip() for each in row["usageplanids"].split(",") if each.strip()]
        if not named:
            problems.append(Problem(line, "no usageplanIds"))
        keys.append(
            {
                "name": row["name"],
                "value": row["key"],
                "description": row["description"],
                "enabled": _FLAGS[row["enabled"].lower()],
                "plans": [plans.get(each, each) for each in named],
            }
        )
    return keys, problems
