"""The common form of what a cloud's template declares: resources with values, and what nobody could tell.

Terraform's modules, its plans and CloudFormation's templates all become this before they become ours.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from frontdesk.base.errors import Position


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

    def block(self, name: str) -> Mapping[str, Any]:
        """Return the first block of a name; empty where there is none."""
        found = self.values.get(name)
        if isinstance(found, list):
            found = found[0] if found else {}
        return found if isinstance(found, dict) else {}

    def blocks(self, name: str) -> list[Mapping[str, Any]]:
        """Return all blocks of a name."""
        found = self.values.get(name)
        return found if isinstance(found, list) else [found] if isinstance(found, dict) else []


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the operator has to know of an import: what was not carried, or nobody could tell."""

    at: Position
    message: str

    def __str__(self) -> str:
        return f"{self.at}: {self.message}"


@dataclass(slots=True)
class Declared:
    """All that a template declares."""

    resources: list[Resource] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def of(self, *types: str) -> Iterator[Resource]:
        """Go through the resources of some types."""
        return (resource for resource in self.resources if resource.type in types)
