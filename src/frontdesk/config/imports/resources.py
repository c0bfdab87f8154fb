"""The common form of what a template declares: resources with values, and what nobody could tell.

Terraform's modules and plans, and CloudFormation's templates, all become this before they become ours.
The words are Terraform's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from frontdesk.base.errors import Finding, Position
from frontdesk.config.placed import Placed
from frontdesk.config.tree import Node

MISSING: Final = "import-missing"
"""Id of the finding that something is named and is not there."""

LEFT: Final = "import-left"
"""Id of the finding that something is there and was not carried."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource.

    type, name: as declared. address: unique, such as `module.a.aws_lambda_function.f["x"]`. values: what
    is said of it; blocks are lists of objects. id: what other resources refer to it by.
    """

    type: str
    name: str
    address: str
    values: Mapping[str, Any]
    at: Position
    id: str

    def text(self, name: str) -> str:
        """Return a value as text, "" where there is none."""
        value = self.values.get(name)
        return "" if value is None else str(value)

    def block(self, name: str) -> Mapping[str, Any]:
        """Return the first block of a name; empty where there is none."""
        return next(iter(self.blocks(name)), {})

    def blocks(self, name: str) -> list[Mapping[str, Any]]:
        """Return all blocks of a name."""
        found = self.values.get(name)
        return found if isinstance(found, list) else [found] if isinstance(found, dict) else []

    @property
    def origin(self) -> Placed:
        """Where it stands, for what is made of it."""
        at = self.at
        return Placed({}, Node(at.file, at.line, at.column, at.line, at.column, {}))


@dataclass(slots=True)
class Declared:
    """All that a template declares. findings: what has to be given, or was left."""

    resources: list[Resource] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def of(self, *types: str) -> Iterator[Resource]:
        """Go through the resources of some types."""
        return (resource for resource in self.resources if resource.type in types)

    def by_id(self, *types: str) -> dict[str, Resource]:
        """Return the resources of some types by what others refer to them by."""
        return {resource.id: resource for resource in self.of(*types)}

    def tell(self, kind: str, at: Position, message: str, hint: str = "") -> None:
        """Tell the operator something, once. kind: MISSING or LEFT."""
        finding = Finding("warning", kind, at, message, hint=hint)
        if finding not in self.findings:
            self.findings.append(finding)
