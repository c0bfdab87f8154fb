"""Draws OpenAPI documents from resources: what an API says is read by one reader only.

Every part of a document stands at the place of the resource that it comes from.
"""

import json
from pathlib import Path
from typing import Any

from frontdesk.base.errors import ConfigError
from frontdesk.config.imports.resources import Resource
from frontdesk.config.openapi.document import ANY_METHOD, Document
from frontdesk.config.placed import Branch, Placed, planted
from frontdesk.config.yaml_source import read_yaml


def document_of(drawn: Branch, api: Resource) -> Document:
    """Make what was drawn a document to read."""
    return Document(Path(api.at.file), lambda _file: (drawn, []), api.at)


def blank(api: Resource) -> Branch:
    """Begin the document of an API."""
    drawn = Branch.at(api.origin)
    drawn.put("openapi", "3.0.1", api.origin)
    drawn.put("info", {"title": api.text("name") or api.name, "version": "1"}, api.origin)
    body = _body(api)
    if body is not None:
        drawn.lay_over(body)
    return drawn


def _body(api: Resource) -> Placed | None:
    """Read the document that an API brings itself: a mapping, a text, or the name of a file."""
    said = api.values.get("body")
    if isinstance(said, dict):
        return Placed(*planted(said, api.origin.node))
    if not isinstance(said, str) or not said:
        return None
    file = Path(api.at.file).parent / said if "\n" not in said and len(said) < 256 else None
    if file is not None and file.is_file():
        tree, findings = read_yaml(file.read_bytes(), str(file))
    else:
        tree, findings = read_yaml(said.encode(), api.at.file)
    if tree is None or findings:
        raise ConfigError(tuple(findings))
    return Placed(tree.value, tree.node)


def operation_at(drawn: Branch, method: str, path: str, at: Resource) -> Branch:
    """Return the operation of a method and path. method: in capitals, ANY among them."""
    word = ANY_METHOD if method == "ANY" else method.lower()
    return drawn.branch("paths", at.origin).branch(path, at.origin).branch(word, at.origin)


def as_json(text: Any) -> Any:
    """Read a text that should be JSON; whatever else it is stays as it is."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text
