"""The common form of what a template declares: resources with values, and what nobody could tell.

Terraform's modules and plans, and CloudFormation's templates, all become this before they become ours.
The words are Terraform's.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from frontdesk.base.errors import ConfigError, Finding, Position
from frontdesk.config.imports.files import Project
from frontdesk.config.placed import Placed
from frontdesk.config.tree import Node
from frontdesk.config.validation import shown

MISSING: Final = "import-missing"
"""Id of the finding that something is named and is not there."""

LEFT: Final = "import-left"
"""Id of the finding that something is there and was not carried."""

_NOT_OF_A_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")
_NOT_OF_A_VARIABLE: Final = re.compile(r"[^A-Za-z0-9]+")


def name_of(text: str) -> str:
    """Make a name of ours of theirs."""
    return _NOT_OF_A_NAME.sub("-", text).strip("-_")[:64] or "unnamed"


def open_input(address: str) -> str:
    """Write what stands for a value that the operator has to give."""
    return f"${{input:{address}}}"


@dataclass(frozen=True, slots=True)
class Part:
    """What is said of a resource, or in a part of it, read by the form that it should have.

    values: as the template says them. address: of the resource, with the way to this part.
    Every method raises ConfigError, at the resource, for a value of another form.
    """

    values: Mapping[str, Any]
    address: str
    at: Position

    def text(self, name: str, default: str = "") -> str:
        """Return a text, number or truth value as text."""
        value = self.values.get(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return str(value)
        raise self._not("text", name)

    def number(self, name: str) -> int | float | str | None:
        """Return a number; what is still open stays a text."""
        value = self.values.get(name)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
        if isinstance(value, str) and value.startswith("${"):
            return value
        try:
            number = float(value)
            return int(number) if number.is_integer() else number
        except (TypeError, ValueError, OverflowError):
            raise self._not("a number", name) from None

    def flag(self, name: str) -> bool:
        """Return whether something is said to be true."""
        value = self.values.get(name)
        if value in (None, True, False, "true", "false"):
            return value in (True, "true")
        raise self._not("true or false", name)

    def mapping(self, name: str) -> Mapping[str, Any]:
        """Return a mapping, an empty one where there is none."""
        value = self.values.get(name)
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        raise self._not("a mapping", name)

    def texts(self, name: str) -> list[str]:
        """Return a list of texts; one alone is a list of one."""
        value = self.values.get(name)
        listed = value if isinstance(value, list) else [] if value is None else [value]
        if all(isinstance(each, str | int | float) for each in listed):
            return [str(each) for each in listed]
        raise self._not("a list of texts", name)

    def part(self, name: str) -> "Part":
        """Return a part, the first where there are several; an empty one where there is none."""
        return next(iter(self.parts(name)), Part({}, f"{self.address}.{name}", self.at))

    def parts(self, name: str) -> list["Part"]:
        """Return all parts of a name: blocks of Terraform, or a mapping."""
        value = self.values.get(name)
        listed = value if isinstance(value, list) else [] if value is None else [value]
        if all(isinstance(each, dict) for each in listed):
            return [Part(each, f"{self.address}.{name}", self.at) for each in listed]
        raise self._not("a mapping", name)

    def named(self, name: str) -> Iterator[tuple[str, "Part"]]:
        """Go through a mapping of parts by their names."""
        inner = Part(self.mapping(name), f"{self.address}.{name}", self.at)
        return ((key, inner.part(key)) for key in inner.values)

    def said(self, words: Mapping[str, str]) -> dict[str, Any]:
        """Return what is said, in other words. words: theirs to others; what is empty is left out."""
        return {
            word: self.values[name]
            for name, word in words.items()
            if self.values.get(name) not in _EMPTY
        }

    def refused(self, message: str) -> ConfigError:
        """Make the error that something about it is wrong."""
        return ConfigError((Finding("error", "import", self.at, f"{self.address}: {message}"),))

    @property
    def origin(self) -> Placed:
        """Where it stands, for what is made of it."""
        at = self.at
        return Placed({}, Node(at.file, at.line, at.column, at.line, at.column, {}))

    def _not(self, form: str, name: str) -> ConfigError:
        message = f"{self.address}: expected {form}: {name}"
        finding = Finding("error", "import", self.at, message, shown(self.values[name]))
        return ConfigError((finding,))


_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Resource(Part):
    """One resource.

    address: unique, such as `module.a.aws_lambda_function.f["x"]`. type, label: as declared. id: what
    other resources refer to it by.
    """

    type: str
    label: str
    id: str

    @property
    def name(self) -> str:
        """The name that it gives itself, or else its label."""
        return self.text("name") or self.label


@dataclass(slots=True)
class Declared:
    """All that a template declares. findings: what has to be given, or was left."""

    project: Project
    resources: list[Resource] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def of(self, *types: str) -> Iterator[Resource]:
        """Go through the resources of some types."""
        return (resource for resource in self.resources if resource.type in types)

    def by_id(self, *types: str) -> dict[str, Resource]:
        """Return the resources of some types by what others refer to them by."""
        return {resource.id: resource for resource in self.of(*types)}

    def missing(self, at: Position, message: str, hint: str = "") -> None:
        """Tell that something is named and is not there."""
        self._tell(MISSING, at, message, hint)

    def left(self, at: Position, message: str, hint: str = "") -> None:
        """Tell that something is there and was not carried."""
        self._tell(LEFT, at, message, hint)

    def asked(self, address: str, at: Position) -> str:
        """Tell that the operator has to give a value, and return what stands for it."""
        hint = f"give it with --set {address}=VALUE"
        self.missing(at, f"nothing here says what {address} is", hint)
        return open_input(address)

    def secret(self, name: str, at: Position) -> str:
        """Return a reference to the environment in place of a secret: no value of one is copied."""
        variable = _NOT_OF_A_VARIABLE.sub("_", name).strip("_").upper() or "SECRET"
        variable = f"_{variable}" if variable[0].isdigit() else variable
        self.missing(
            at, f"{name}: values of secrets are not copied", f"set {variable} to it when you start"
        )
        return f"${{env:{variable}}}"

    def _tell(self, kind: str, at: Position, message: str, hint: str) -> None:
        finding = Finding("warning", kind, at, message, hint=hint)
        if finding not in self.findings:
            self.findings.append(finding)
