"""Owns what is wrong with mapping templates, each fault at its true line and column of the file.

A template is mostly a block of lines in YAML: the reader knows where the block begins, the template's
compiler where in the text the fault is.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Final

from frontdesk.base.errors import Finding, Position
from frontdesk.config.models.root import Config
from frontdesk.config.text import FileText
from frontdesk.config.transformed import integration_of
from frontdesk.config.tree import Path, Tree

_BLOCK: Final = re.compile(r"(?:&\S+\s+)?[|>]")
"""How a block begins at its place in the file: an anchor may stand before its sign."""


def unreadable_templates(
    config: Config, tree: Tree, sources: Mapping[FilePath, bytes]
) -> Iterator[Finding]:
    """Find templates that cannot be compiled. sources: the files' bytes by path."""
    for path, text in _templates(config):
        if not text:
            continue
        from frontdesk.rules.lang.vtl import TemplateError, compile_template  # few files need it

        try:
            compile_template(text)
        except TemplateError as error:
            where, inside = _place(tree, path, sources, error.line, error.column)
            yield Finding("error", "template", where, error.reason + inside, hint=error.hint)


def _templates(config: Config) -> Iterator[tuple[Path, str]]:
    for name, api in config.apis.items():
        for below, _, operation in api.operations():
            integration = integration_of(operation)
            if integration is None:
                continue
            at = ("apis", name, *below, "integration")
            for key, text in integration.request_templates.items():
                yield (*at, "request_templates", key), text
            for pattern, response in integration.responses.items():
                for key, text in response.templates.items():
                    yield (*at, "responses", pattern, "templates", key), text


def _place(
    tree: Tree, path: Path, sources: Mapping[FilePath, bytes], line: int, column: int
) -> tuple[Position, str]:
    """Say where in the file a fault of a template is; where that cannot be told, say where in the template."""
    start = tree.position(path)
    text = tree.value_at(tree.known(path))
    if line and not (isinstance(text, FileText) and text.referenced):
        lines = sources.get(FilePath(start.file), b"").decode("utf-8-sig", "replace").split("\n")
        found = _in_block(lines, start, str(text).split("\n"), line, column)
        if found is not None:
            return found, ""
    return start, f", in line {line}, column {column} of the template" if line else ""


def _in_block(
    lines: list[str], start: Position, written: list[str], line: int, column: int
) -> Position | None:
    """Find a line of a literal block, or of a text that stands in one line, in the lines of the file."""
    first = lines[start.line - 1][start.column - 1 :] if start.line <= len(lines) else ""
    if _BLOCK.match(first):
        at = start.line + line
        if at > len(lines) or not lines[at - 1].rstrip("\r").endswith(written[line - 1]):
            return None  # folded: its lines are not the file's
        indent = len(lines[at - 1].rstrip("\r")) - len(written[line - 1])
        return Position(start.file, at, indent + column, start.path)
    quote = len(first) - len(first.lstrip("'\""))
    if first[quote:].startswith(written[0]) and line == 1:
        return Position(start.file, start.line, start.column + quote + column - 1, start.path)
    return None
