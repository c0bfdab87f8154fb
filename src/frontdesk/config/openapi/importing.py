"""Owns turning a document into our keys for good, with a list of all that it takes and lacks."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from frontdesk.base.errors import ConfigError, Finding, Position
from frontdesk.config.check.lints import LINTS
from frontdesk.config.names import unknown_names
from frontdesk.config.openapi.document import OURS, Document
from frontdesk.config.openapi.reading import BasePath, read_api
from frontdesk.config.openapi.writing import as_written
from frontdesk.config.placed import Branch, Placed
from frontdesk.config.references import escaped
from frontdesk.config.text import FileText
from frontdesk.config.tree import Tree
from frontdesk.config.yaml_source import read_yaml

_DESCRIBING: Final = ("description", "externalDocs", "operationId", "summary", "tags")
"""Words that change nothing of what an API does."""

_NOT_OF_A_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Imported:
    """A document in our keys. findings: what it could not carry, and what is missing beside it."""

    content: dict[str, Any]
    findings: tuple[Finding, ...]


def import_document(file: Path, name: str, base_path: BasePath = "ignore") -> Imported:
    """Read a document as the file of one API. Raises: ConfigError for what is no document."""

    def open_file(path: Path) -> tuple[Tree | None, list[Finding]]:
        tree, findings = read_yaml(path.read_bytes(), str(path))
        if tree is not None:
            tree.value = _unresolved(tree.value, path.parent.absolute())
        return tree, findings

    name = _NOT_OF_A_NAME.sub("-", name).strip("-") or "api"
    document = Document(file, open_file, Position(str(file), 1, 1, ""))
    if not document.is_usable:
        raise ConfigError(tuple(document.findings))
    content = Branch.at(document.root)
    reading = read_api(document, {}, {}, base_path)
    content.put("name", name, document.root)
    _set(content, "authorizers", reading.authorizers)
    _set(content.branch("apis", document.root), name, reading.api)
    findings = [*document.findings, *_noted(document), *_left_behind(document)]
    findings += [replace(each, severity="warning") for each in unknown_names(content)]
    return Imported(as_written(content.value), tuple(findings))


def _unresolved(value: Any, folder: Path, *, ours: bool = False) -> Any:
    """Make the texts of a document those of a file: references of ours stay, and others are none."""
    match value:
        case dict():
            return {
                key: _unresolved(item, folder, ours=ours or key.startswith(OURS))
                for key, item in value.items()
            }
        case list():
            return [_unresolved(item, folder, ours=ours) for item in value]
        case str():
            return FileText(value, folder, value if ours else escaped(value))
    return value


def _set(branch: Branch, key: str, value: Branch) -> None:
    if value.value:
        branch.value[key], branch.node.children[key] = value.value, value.node


def _noted(document: Document) -> Iterator[Finding]:
    for note in document.notes:
        why = LINTS[note.lint].why
        yield Finding("warning", note.lint, note.where, note.message, why=why)


def _left_behind(document: Document) -> Iterator[Finding]:
    """Count the words that only describe: our file has no place for them."""
    found = Counter(_describing(document.root))
    if found:
        counts = ", ".join(f"{count} {word}" for word, count in sorted(found.items()))
        message = f"what only describes is left behind: {counts}"
        hint = "serve the document itself, with the API's key openapi, to keep it"
        where = document.root.position()
        yield Finding("warning", "openapi-description", where, message, hint=hint)


def _describing(placed: Placed) -> Iterator[str]:
    for key, item in placed.items():
        if key in _DESCRIBING:
            yield key
        yield from _describing(item)
    for member in placed.members():
        yield from _describing(member)
