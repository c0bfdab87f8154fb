"""Draws OpenAPI documents from resources: what an API says is read by one reader only.

Every part of a document stands at the place of the resource that it comes from.
"""

import json
from pathlib import Path
from typing import Any

from frontdesk.config.imports.resources import Resource
from frontdesk.config.openapi.document import ANY_METHOD, Document
from frontdesk.config.placed import Branch


def document_of(drawn: Branch, api: Resource) -> Document:
    """Make what was drawn a document to read."""
    return Document(Path(api.at.file), lambda _file: (drawn, []), api.at)


def blank(api: Resource) -> Branch:
    """Begin the document of an API."""
    drawn = Branch.at(api.origin)
    drawn.put("openapi", "3.0.1", api.origin)
    drawn.put("info", {"title": api.text("name") or api.name, "version": "1"}, api.origin)
    return drawn


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
