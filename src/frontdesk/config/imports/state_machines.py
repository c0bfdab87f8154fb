"""Turns state machines into entries of `state_machines`: their definitions as they are, with what stands in for parts of them put in."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from frontdesk.base.errors import ConfigError
from frontdesk.config.imports.documents import as_json
from frontdesk.config.imports.files import FileRefused
from frontdesk.config.imports.resources import Declared, Resource, name_of, open_input
from frontdesk.config.placed import Branch
from frontdesk.config.yaml_source import read_yaml
from frontdesk.rules.asl.names import is_name

TYPES: Final = ("aws_sfn_state_machine",)
"""What is read here."""

_SUBSTITUTION: Final = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


def read_machines(declared: Declared, content: Branch, given: Mapping[str, str]) -> None:
    """Add the state machines. given: files of definitions, where they are not here."""
    for machine in declared.of(*TYPES):
        machines = content.branch("state_machines", machine.origin)
        entry = machines.branch(machine_entry(machine), machine.origin)
        entry.put("definition", _definition(declared, machine, given), machine.origin)
        if machine.text("type").upper() == "EXPRESS":
            entry.put("type", "express", machine.origin)
        level = machine.part("logging_configuration").text("level", "OFF").lower()
        if level != "off":
            entry.put("log", level, machine.origin)


def machine_entry(machine: Resource) -> str:
    """Return the name of a state machine here."""
    return machine.name if is_name(machine.name) else name_of(machine.name)


def _definition(declared: Declared, machine: Resource, given: Mapping[str, str]) -> Any:
    """Return the definition itself, or the path of its file where that can be used as it is."""
    address = f"{machine.address}.definition"
    if address in given:
        return given[address]
    instead = machine.mapping("definition_substitutions")
    file = machine.text("definition_file")
    if file and not instead:
        return file
    written = machine.values.get("definition")
    if file:
        written = _read(declared, machine, file)
    if isinstance(written, str):
        written = _parsed(_substituted(written, instead), file)
    elif written is not None:
        written = _within(written, instead)
    if isinstance(written, dict):
        return written
    message = f"{machine.address}: its definition is not here, or is no JSON object"
    declared.missing(machine.at, message, f"give its file with --set {address}=FILE")
    return open_input(address)


def _read(declared: Declared, machine: Resource, file: str) -> str:
    try:
        return declared.project.text(Path(machine.at.file).parent / file)
    except FileRefused as error:
        raise machine.refused(str(error)) from None


def _parsed(text: str, file: str) -> Any:
    if not file.endswith((".yaml", ".yml")):
        return as_json(text)
    try:
        tree, findings = read_yaml(text.encode(), file)
    except ConfigError:
        return None
    return None if tree is None or findings else tree.value


def _substituted(text: str, instead: Mapping[str, Any]) -> str:
    return _SUBSTITUTION.sub(lambda found: str(instead.get(found[1], found[0])), text)


def _within(value: Any, instead: Mapping[str, Any]) -> Any:
    """Put substitutions into all texts of a definition that is given as a mapping."""
    if isinstance(value, dict):
        return {key: _within(each, instead) for key, each in value.items()}
    if isinstance(value, list):
        return [_within(each, instead) for each in value]
    return _substituted(value, instead) if isinstance(value, str) else value
