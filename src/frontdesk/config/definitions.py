"""Owns the definitions of a configuration's state machines: read, checked, and what is wrong with them.

Every fault is told by its line in the file of the definition.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from frontdesk.base.errors import Finding
from frontdesk.config.models.root import Config
from frontdesk.config.models.state_machine import StateMachine
from frontdesk.config.openapi.document import Note
from frontdesk.config.tree import Tree

LINT: Final = "state-machine"
"""Id of what `check` says of a definition that is valid."""


@dataclass(slots=True)
class Definitions:
    """What was read. texts: definitions as JSON text, by state machine. notes: for `check`."""

    texts: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def read_definitions(config: Config, tree: Tree, read: Callable[[Path], bytes]) -> Definitions:
    """Read and check all definitions. read: gives the content of a file; raises OSError."""
    definitions = Definitions()
    told: set[Finding] = set()  # two machines may have one file
    for name, machine in config.state_machines.items():
        try:
            text, found = _definition(name, machine, tree, read)
        except OSError as error:
            where = tree.position(("state_machines", name, "definition"))
            message = f"cannot read this file: {error.strerror}"
            hint = "a relative path starts at the folder of this file"
            found = [Finding("error", "file", where, message, hint=hint)]
        else:
            definitions.texts[name] = text
        for one in found:
            if one not in told:
                told.add(one)
                _tell(definitions, one)
    return definitions


def _definition(
    name: str, machine: StateMachine, tree: Tree, read: Callable[[Path], bytes]
) -> tuple[str, list[Finding]]:
    # Only here: the language and its query languages take long to import.
    from frontdesk.config.state_machines import inline_definition, parse_definition

    express = machine.type == "express"
    given = machine.definition
    if isinstance(given, Path):
        found = parse_definition(given, read(given), express=express)
    else:
        at = ("state_machines", name, "definition")
        found = inline_definition(tree, at, given, express=express)
    return found.text, found.findings


def _tell(definitions: Definitions, one: Finding) -> None:
    if one.severity == "error":
        definitions.findings.append(one)
    else:
        at = f" at {one.where.path}" if one.where.path else ""
        definitions.notes.append(Note(LINT, one.where, f"{one.id}{at}: {one.message}"))
