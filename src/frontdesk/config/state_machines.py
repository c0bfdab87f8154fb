"""Owns reading the definition of a state machine, JSON or YAML, and the line of each diagnostic.

Knows no rule of the language and no key of the configuration.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from frontdesk.base.errors import ConfigError, Finding, Position
from frontdesk.config.tree import Path as Place
from frontdesk.config.tree import Tree
from frontdesk.config.yaml_source import read_yaml
from frontdesk.rules.asl.check import LONGEST_DEFINITION, check, read_definition
from frontdesk.rules.asl.diagnostics import Code, Diagnostic, Severity
from frontdesk.rules.asl.model import Json, Machine
from frontdesk.rules.asl.parse import build_machine

MOST_BYTES: Final = 4 * LONGEST_DEFINITION
"""Of a file: as many as the longest definition may take."""

_YAML: Final = (".yaml", ".yml")
_IN_TEXT: Final = re.compile(r"line: (\d+), column: (\d+)\]\Z")


@dataclass(frozen=True, slots=True)
class Definition:
    """What was read. machine: None where there is an error. findings: diagnostics by their lines.

    text: the definition as JSON, "" where it cannot be read.
    """

    machine: Machine | None
    diagnostics: list[Diagnostic]
    findings: list[Finding]
    text: str = ""


def load_definition(path: Path, *, express: bool = False) -> Definition:
    """Read the file of a state machine. Raises: ConfigError, for a file that cannot be read at all."""
    try:
        data = path.read_bytes()
    except OSError as error:
        where = Position(str(path), 1, 1, "")
        message = f"cannot read: {error.strerror}"
        raise ConfigError((Finding("error", "file", where, message),)) from error
    if len(data) > MOST_BYTES:
        message = f"larger than {MOST_BYTES} bytes: a definition may not be"
        raise ConfigError((Finding("error", "file", Position(str(path), 1, 1, ""), message),))
    return parse_definition(path, data, express=express)


def parse_definition(path: Path, data: bytes, *, express: bool = False) -> Definition:
    """Read the content of a file. path: for places, and for the format by its ending."""
    tree, faults = read_yaml(data, str(path))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _unreadable(faults)
    if path.suffix not in _YAML:
        document: Json | Diagnostic = read_definition(text)
    elif tree is None or faults:
        return _unreadable(faults)
    else:
        document, text = tree.value, json.dumps(tree.value)
    if isinstance(document, Diagnostic):
        return Definition(None, [document], [_finding(document, path, tree, ())])
    return _checked(document, text, path, tree, (), express=express)


def inline_definition(
    tree: Tree, at: Place, document: Json, *, express: bool = False
) -> Definition:
    """Read a definition that stands in another file. at: where, in its tree."""
    path = Path(tree.position(at).file)
    return _checked(document, json.dumps(document), path, tree, at, express=express)


def _checked(
    document: Json, text: str, path: Path, tree: Tree | None, at: Place, *, express: bool
) -> Definition:
    found = check(document, express=express)
    wrong = any(one.severity is Severity.ERROR for one in found)
    findings = [_finding(one, path, tree, at) for one in found]
    findings.sort(key=lambda one: (one.where.line, one.where.column))
    return Definition(None if wrong else build_machine(document), found, findings, text)


def _unreadable(faults: list[Finding]) -> Definition:
    diagnostics = [
        Diagnostic(Code.INVALID_JSON_DESCRIPTION, one.message, location=str(one.where))
        for one in faults
    ]
    return Definition(None, diagnostics, faults)


def _finding(one: Diagnostic, path: Path, tree: Tree | None, at: Place) -> Finding:
    severity: Literal["error", "warning"] = "error" if one.severity is Severity.ERROR else "warning"
    in_text = _IN_TEXT.search(one.location or "")
    if in_text:
        where = Position(str(path), int(in_text[1]), int(in_text[2]), "")
        message = one.message.partition("\n")[0]
        return Finding(severity, one.code, where, message, hint=one.hint)
    line, column = 1, 1
    if tree is not None:
        found = tree.position((*at, *one.place), of_key=True)
        line, column = found.line, found.column
    where = Position(str(path), line, column, one.location or "")
    return Finding(severity, one.code, where, one.message, hint=one.hint)
