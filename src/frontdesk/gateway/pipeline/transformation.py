"""Owns what a REST API's integration keeps of one exchange: the client's request, and what takes its place.

Stages change `fields`, `query` and `body` of the Exchange to those of the integration's request; templates
still ask for the client's.
"""

from collections.abc import Sequence
from typing import Any

from frontdesk.base.streams import Fields


class Transformation:
    """One request on its way to an integration.

    fields, query: the client's. headers: for the integration, name and values by lower-case name.
    parameters: for its query. path: for the variables of its URL, percent-encoded.
    context: `$context` of the templates, which may write into it; None until one is rendered.
    """

    __slots__ = ("context", "fields", "headers", "parameters", "path", "query")

    def __init__(self, fields: Fields, query: str) -> None:
        self.fields = fields
        self.query = query
        self.headers: dict[str, tuple[str, Sequence[bytes]]] = {}
        self.parameters: dict[str, Sequence[bytes]] = {}
        self.path: dict[str, str] = {}
        self.context: dict[str, Any] | None = None

    def overrides(self, kind: str) -> dict[str, Any]:
        """Return what templates have overridden. kind: `requestOverride` or `responseOverride`."""
        found = (self.context or {}).get(kind)
        return found if isinstance(found, dict) else {}
