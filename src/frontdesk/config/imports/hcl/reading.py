"""What all modules of one import share: what was given, what was read, and how much work is left."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from frontdesk.base.errors import Position
from frontdesk.config.imports.files import FileRefused, Project
from frontdesk.config.imports.hcl.evaluate import Scope, evaluate
from frontdesk.config.imports.hcl.limits import Limits
from frontdesk.config.imports.hcl.source import Body, read_hcl, read_hcl_text
from frontdesk.config.imports.hcl.values import EvaluationError, Value
from frontdesk.config.imports.resources import Declared


@dataclass(frozen=True, slots=True)
class Reading:
    """The reading of one root module. given: values by address. folders: of the modules around."""

    declared: Declared
    given: Mapping[str, str]
    limits: Limits = field(default_factory=Limits)
    folders: tuple[Path, ...] = ()
    _read: dict[Path, Body] = field(default_factory=dict)

    @property
    def project(self) -> Project:
        """Where files may be read."""
        return self.declared.project

    def within(self, folder: Path) -> "Reading":
        """Go on in a module.

        Raises: EvaluationError for a module that calls itself, or is outside of the project.
        """
        try:
            found = self.project.find(folder).resolve()
        except FileRefused as error:
            raise EvaluationError(str(error)) from None
        if found in self.folders:
            raise EvaluationError("this module calls itself")
        return replace(self, folders=(*self.folders, found))

    def bodies(self, path: Path) -> Iterator[Body]:
        """Read the files of a folder, or one file."""
        for file in sorted(path.glob("*.tf")) if path.is_dir() else [path]:
            if file not in self._read:
                self._read[file] = read_hcl(file, self.project)
            yield self._read[file]

    def value_of(self, text: str, at: Position) -> Value:
        """Read the text of a value that is no text."""
        body = read_hcl_text(f"value = {text}\n", at.file)
        return evaluate(body.attributes["value"].tree, self._constant(at.file))

    def values_of_file(self, file: Path) -> dict[str, Value]:
        """Read a file of values, in either form."""
        if file.suffix == ".json":
            at = Position(str(file), 1, 1, "")
            values = self.project.tree(file, at).value
            return dict(values)
        return {
            name: evaluate(each.tree, self._constant(str(file)))
            for name, each in read_hcl(file, self.project).attributes.items()
        }

    def _constant(self, file: str) -> Scope:
        def unknown(name: str) -> Value:
            raise EvaluationError(f"expected a value, got the name {name}")

        return Scope({}, unknown, self.project.root, file, self.project, self.limits)
