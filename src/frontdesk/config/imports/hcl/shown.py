"""Reads what `terraform show -json` prints of a plan or a state: everything is evaluated there already.

There are no lines in it, so every place is the file's beginning.
Source: Terraform, "JSON Output Format", values representation.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from frontdesk.base.errors import ConfigError, Finding, Position
from frontdesk.config.imports.resources import Declared, Resource


def read_shown(path: Path) -> Declared:
    """Read a file.

    Raises: ConfigError where it is no output of `terraform show -json`.
    """
    at = Position(str(path), 1, 1, "")
    try:
        shown = json.loads(path.read_bytes())
        values = shown.get("planned_values") or shown["values"]
        root = values["root_module"]
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        message = "expected what `terraform show -json` prints of a plan or state"
        raise ConfigError((Finding("error", "terraform", at, message),)) from None
    declared = Declared()
    for each in _resources(root):
        if each.get("mode") == "managed":
            known = each.get("values") or {}
            name = str(known.get("id") or each["address"])
            declared.resources.append(
                Resource(each["type"], each["name"], each["address"], known, at, name)
            )
    return declared


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _resources(child)
