"""Reads what `terraform show -json` prints of a plan or a state: everything is evaluated there already.

There are no lines in it, so every place is the file's beginning.
Source: Terraform, "JSON Output Format", values representation.
"""

from collections.abc import Iterator
from pathlib import Path

from frontdesk.base.errors import ConfigError, Finding, Position
from frontdesk.config.imports.resources import Declared, Resource
from frontdesk.config.placed import Placed


def read_plan(path: Path, declared: Declared) -> None:
    """Read a file, and add the resources that it tells of.

    Raises: ConfigError where it is no output of `terraform show -json`.
    """
    at = Position(str(path), 1, 1, "")
    shown = declared.project.tree(path, at)
    root = (shown.get("planned_values") or shown.below("values")).get("root_module")
    if root is None:
        message = "expected what `terraform show -json` prints of a plan or state"
        raise ConfigError((Finding("error", "terraform", at, message),))
    for each in _resources(root):
        if each.text("mode") == "managed":
            address, values = each.text("address"), each.below("values").value
            values = values if isinstance(values, dict) else {}
            name = str(values.get("id") or address)
            declared.resources.append(
                Resource(values, address, at, each.text("type"), each.text("name"), name)
            )


def _resources(module: Placed) -> Iterator[Placed]:
    yield from module.below("resources").members()
    for child in module.below("child_modules").members():
        yield from _resources(child)
