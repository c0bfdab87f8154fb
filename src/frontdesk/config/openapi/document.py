"""Owns one OpenAPI document with the local files that it refers to, and what is told about it.

Follows `$ref`s, never to another machine. Knows the versions of the format, and no key of ours.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from frontdesk.base.errors import Finding, Position
from frontdesk.config.placed import Placed
from frontdesk.config.text import FileText
from frontdesk.config.tree import Node, Path, Tree
from frontdesk.config.validation import shown

AWS: Final = "x-amazon-apigateway-"
OURS: Final = "x-frontdesk-"
DOCUMENTS: Final = ("apis", "*", "openapi")
"""Where a file names documents."""
MAX_FILES: Final = 50
"""Files that one document may consist of."""

_PSEUDO: Final = re.compile(r"\$\{AWS::([A-Za-z]+)\}")

METHODS: Final = ("delete", "get", "head", "options", "patch", "post", "put")
ANY_METHOD: Final = f"{AWS}any-method"

Open = Callable[[FilePath], tuple[Tree | None, list[Finding]]]
"""Reads a file, with what is wrong with it. Raises: OSError."""


def is_literal(path: Path) -> bool:
    """Tell whether a text of a document is only data: our references stand in our own keys alone."""
    return not any(isinstance(part, str) and part.startswith(OURS) for part in path)


def text_of(placed: Placed) -> str:
    """Return a text, also where a template of CloudFormation has it in `Fn::Sub`; "" of all others."""
    value = placed.value
    return value if isinstance(value, str) else placed.text("Fn::Sub")


class Note(NamedTuple):
    """Something of a document for `check` to tell. lint: under which id."""

    lint: str
    where: Position
    message: str


class Operation(NamedTuple):
    """An operation of a document. method: in capitals, ANY among them. item: the path item around it."""

    path: str
    method: str
    placed: Placed
    item: Placed


class Document:
    """An OpenAPI document of any version. findings, notes: what is told about it, growing as it is read."""

    def __init__(
        self,
        file: FilePath,
        open_file: Open,
        named_at: Position,
        substitutes: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """named_at: the key of ours that names the file. substitutes: texts for `${AWS::Region}` and the like."""
        self.findings: list[Finding] = []
        self.notes: list[Note] = []
        self._open = open_file
        self._substitutes = substitutes
        self._files: dict[FilePath, Placed] = {}
        empty = Node(str(file), 1, 1, 1, 1, {})
        self.root = self._document(file, named_at) or Placed({}, empty)
        self.is_swagger = "swagger" in self.root.value
        """Whether it is of version 2.0."""

    @property
    def is_usable(self) -> bool:
        """Whether there is a document to read at all."""
        return bool(self.root.value)

    def refuse(self, at: Placed, message: str, hint: str = "", *, value: object = None) -> None:
        """Tell an error. value: the offending one, if it is worth showing."""
        got = "" if value is None else shown(value)
        self.findings.append(Finding("error", "openapi", at.position(), message, got, hint=hint))

    def left_out(self, at: Placed, message: str) -> None:
        """Tell that something acts at AWS and not here."""
        self.tell("openapi-not-carried", at, message)

    def tell(self, lint: str, at: Placed, message: str) -> None:
        """Tell `check` of a key."""
        self.notes.append(Note(lint, at.position(of_key=True), message))

    def section(self, name: str) -> Placed:
        """Return a section of what a document defines for reuse: `schemas`, `securitySchemes`."""
        if self.is_swagger:
            return self.root.below(_SWAGGER_SECTIONS[name])
        return self.root.below("components").below(name)

    @cached_property
    def paths(self) -> dict[str, Placed]:
        """The path items, wherever they stand."""
        items = self.root.below("paths").items()
        return {path: self.follow(item) for path, item in items if not path.startswith("x-")}

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """All operations, in the order of the document."""
        return tuple(self._operations())

    def _operations(self) -> Iterator[Operation]:
        for path, item in self.paths.items():
            for word, placed in item.items():
                if word in METHODS:
                    yield Operation(path, word.upper(), placed, item)
                elif word == ANY_METHOD:
                    yield Operation(path, "ANY", placed, item)
                elif word == "trace":
                    self.left_out(placed, "no route has the method TRACE")

    def follow(self, placed: Placed) -> Placed:
        """Return what a value refers to, or itself. What cannot be found is told, and empty."""
        seen: set[tuple[str, str]] = set()
        while reference := placed.text("$ref"):
            at = placed.get("$ref") or placed
            target = self._target(reference, at)
            if target is None or (step := (target.node.file, str(target.path))) in seen:
                if target is not None:
                    self.refuse(at, "expected a reference that ends somewhere", value=reference)
                return Placed({}, placed.node, placed.path)
            seen.add(step)
            placed = target
        return placed

    def _target(self, reference: str, at: Placed) -> Placed | None:
        name, _, pointer = reference.partition("#")
        if "://" in name or name.startswith("//"):
            hint = "copy what it refers to into a file beside this one"
            self.refuse(at, "expected a reference to a local file", hint, value=reference)
            return None
        file = FilePath(at.node.file)
        found = self._file(file.parent / unquote(name) if name else file, at.position())
        for part in pointer.split("/")[1:]:
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            found = found and (found.get(key) or (found.get(int(key)) if key.isdecimal() else None))
        if found is None and not (self.findings and self.findings[-1].where == at.position()):
            self.refuse(at, "expected a reference to something that there is", value=reference)
        return found

    def _file(self, path: FilePath, named_at: Position) -> Placed | None:
        if path in self._files:
            return self._files[path]
        message = ""
        if len(self._files) == MAX_FILES:
            message = f"expected a document of at most {MAX_FILES} files"
        else:
            try:
                tree, findings = self._open(path)
            except OSError as error:
                message = f"cannot read the file {path}: {error.strerror}"
        if message:
            self.findings.append(Finding("error", "openapi", named_at, message))
            return None
        self.findings += findings
        if tree is None:
            return None
        self._files[path] = Placed(self._substituted(tree.value), tree.node)
        return self._files[path]

    def _substituted(self, value: Any) -> Any:
        match value:
            case dict():
                return {key: self._substituted(item) for key, item in value.items()}
            case list():
                return [self._substituted(item) for item in value]
            case FileText() if "${AWS::" in value:
                text = _PSEUDO.sub(lambda found: self._substitutes.get(found[1], found[0]), value)
                return FileText(text, value.folder, value.written)
        return value

    def _document(self, file: FilePath, named_at: Position) -> Placed | None:
        """Read the file, and see that it is a document of a version that is known."""
        root = self._file(file, named_at)
        if root is None:
            return None
        at = root.get("swagger") or root.get("openapi")
        if at is None:
            self.findings.clear()  # such as tags, which the file may have for what it is
            self._refuse_another(root, file)
            return None
        # Differs: [openapi-3-1] AWS takes 2.0 and 3.0.
        if not str(at.value).startswith(("2.0",) if "swagger" in root.value else ("3.0", "3.1")):
            self.refuse(at, "expected version 2.0, 3.0 or 3.1 of OpenAPI", value=at.value)
        return root

    def _refuse_another(self, root: Placed, file: FilePath) -> None:
        for key, (kind, command) in _IMPORTED.items():
            if key in root.value:
                hint = f"`frontdesk import {command} {file}` reads it"
                self.refuse(root, f"expected an OpenAPI document, not {kind}: {file}", hint)
                return
        self.refuse(root, f"expected an OpenAPI document, with the key openapi or swagger: {file}")


_IMPORTED: Final = {
    "Resources": ("a template of SAM or CloudFormation", "sam"),
    "provider": ("a service of the Serverless Framework", "serverless"),
    "terraform_version": ("what Terraform prints", "terraform"),
}
"""A key at the top that other files have → what these are, and the import that reads them."""

_SWAGGER_SECTIONS: Final = {"schemas": "definitions", "securitySchemes": "securityDefinitions"}
