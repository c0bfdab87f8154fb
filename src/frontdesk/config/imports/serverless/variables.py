"""Owns what the variables of `serverless.yml` stand for, source by source.

Source: Serverless Framework, "Variables".
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from frontdesk.base.errors import ConfigError, Finding
from frontdesk.config.imports.arns import ACCOUNT, REGION
from frontdesk.config.imports.cloudformation.intrinsics import TAGS
from frontdesk.config.imports.resources import Declared
from frontdesk.config.imports.serverless.expressions import Pieces, Quoted, Variable, pieces_of
from frontdesk.config.placed import Placed
from frontdesk.config.tree import Node

_FILE: Final = re.compile(r"file\((.+?)\)(?::(.+))?")

_MOST_VALUES: Final = 50_000
"""Values and variables of one service: what variables give may have variables, too."""

_LONGEST_TEXT: Final = 1024 * 1024

_CONSTANTS: Final[Mapping[str, Any]] = {"true": True, "false": False, "null": None}


class Variables:
    """What `${…}` stands for in one service."""

    def __init__(
        self,
        service: Placed,
        given: Mapping[str, str],
        environ: Mapping[str, str],
        declared: Declared,
    ) -> None:
        """given: options and parameters by name, and anything else by how it is asked for."""
        self._service = service
        self._given = given
        self._declared = declared
        self._left = _MOST_VALUES
        self._files: dict[Path, Placed] = {}
        self._underway: list[str] = []
        self._sources: Mapping[str, Callable[[str, Placed], Placed | None]] = {
            "aws": self._aws,
            "cf": lambda _address, _at: None,
            "env": lambda address, at: _placed(environ.get(address), at),
            "opt": lambda address, at: _placed(given.get(address), at),
            "param": lambda address, at: _placed(given.get(address), at),
            "s3": lambda _address, _at: None,
            "sls": self._sls,
            "ssm": self._ssm,
        }

    def resolve(self, placed: Placed) -> Placed:
        """Replace the variables of a value, all the way down; each value keeps its own place.

        Raises: ConfigError for variables that are not known, or need themselves.
        """
        self._spend(placed)
        if isinstance(placed.value, dict):
            parts = {key: self.resolve(each) for key, each in placed.items()}
            return _gathered({key: each.value for key, each in parts.items()}, parts, placed)
        if isinstance(placed.value, list):
            listed = dict(enumerate(self.resolve(each) for each in placed.members()))
            return _gathered([each.value for each in listed.values()], listed, placed)
        if not isinstance(placed.value, str) or "${" not in placed.value:
            return placed
        try:
            pieces = pieces_of(placed.value)
        except ValueError as error:
            raise _failed(placed, f"{error}: {placed.value[:80]}") from None
        if len(pieces) == 1 and isinstance(pieces[0], Variable):
            return self._known(pieces[0], placed)
        return Placed(self._joined(pieces, placed), placed.node, placed.path)

    def _joined(self, pieces: Pieces, at: Placed) -> str:
        """Write a text with variables in it."""
        texts, length = [], 0
        for piece in pieces:
            value = piece if isinstance(piece, str) else self._known(piece, at).value
            if isinstance(value, dict | list):
                raise _failed(at, f"expected a text or number inside this text: {at.value}")
            texts.append(("true" if value else "false") if isinstance(value, bool) else str(value))
            length += len(texts[-1])
            if length > _LONGEST_TEXT:
                raise _failed(at, "this text is too long")
        return "".join(texts)

    def _known(self, variable: Variable, at: Placed) -> Placed:
        """Evaluate a variable; what is not there is asked for."""
        found = self._value(variable, at)
        if found is not None:
            return found
        first = variable.alternatives[0]
        address = first.text if isinstance(first, Quoted) else self._joined(first, at)
        return Placed(self._declared.asked(address, at.position()), at.node, at.path)

    def _value(self, variable: Variable, at: Placed) -> Placed | None:
        """Evaluate a variable to the first of its alternatives that is there."""
        self._spend(at)
        for alternative in variable.alternatives:
            if isinstance(alternative, Quoted):
                return Placed(alternative.text, at.node, at.path)
            first = alternative[0] if alternative else ""
            whole = len(alternative) == 1 and isinstance(first, Variable)
            found = (
                self._value(first, at)
                if whole and isinstance(first, Variable)
                else self._looked_up(self._joined(alternative, at), at)
            )
            if found is not None:
                return found
        return None

    def _looked_up(self, expression: str, at: Placed) -> Placed | None:
        """Find what `source:address` gives; None where it is not there."""
        if expression in self._given:
            return _placed(self._given[expression], at)
        if expression in _CONSTANTS:
            return _placed(_CONSTANTS[expression], at)
        if re.fullmatch(r"-?\d{1,18}", expression):
            return _placed(int(expression), at)
        source, _, address = expression.partition(":")
        if found := _FILE.fullmatch(expression):
            return self._inside(expression, _below(self._file(found[1], at), found[2] or ""), at)
        if source == "self":
            return self._inside(expression, _below(self._service, address), at)
        if source in self._sources:
            return self._sources[source](address, at)
        raise _failed(at, f"this variable is not supported: ${{{expression}}}")

    def _inside(self, expression: str, found: Placed | None, at: Placed) -> Placed | None:
        """Replace the variables of a value of the service, or of another file."""
        if expression in self._underway:
            raise _failed(at, f"this variable needs itself: ${{{expression}}}")
        self._underway.append(expression)
        try:
            return found and self.resolve(found)
        finally:
            self._underway.pop()

    def _file(self, name: str, at: Placed) -> Placed:
        path = Path(self._service.node.file).parent / name
        if path not in self._files:
            self._files[path] = self._declared.project.tree(path, at.position(), TAGS)
        return self._files[path]

    def _aws(self, address: str, at: Placed) -> Placed | None:
        region = self._service.below("provider").text("region")
        known = {"region": region if region and "${" not in region else REGION}
        return _placed({**known, "accountId": ACCOUNT}.get(address), at)

    def _sls(self, address: str, at: Placed) -> Placed | None:
        if address != "stage":
            return None
        stage = self._looked_up("opt:stage", at) or self._looked_up("self:provider.stage", at)
        return stage or _placed("dev", at)

    def _ssm(self, address: str, at: Placed) -> Placed | None:
        return _placed(self._declared.secret(address, at.position()), at)

    def _spend(self, at: Placed) -> None:
        self._left -= 1
        if self._left < 0:
            raise _failed(at, f"this service has more than {_MOST_VALUES} values")


def _gathered(value: Any, parts: Mapping[Any, Placed], placed: Placed) -> Placed:
    """Make a mapping or list of parts that may come from other places."""
    own = placed.node
    children = {key: each.node for key, each in parts.items()}
    node = Node(own.file, own.line, own.column, own.key_line, own.key_column, children)
    return Placed(value, node, placed.path)


def _placed(value: Any, at: Placed) -> Placed | None:
    return None if value is None else Placed(value, at.node, at.path)


def _below(placed: Placed, address: str) -> Placed | None:
    found: Placed | None = placed
    for part in address.split(".") if address else ():
        found = found and (found.get(part) or (found.get(int(part)) if part.isdecimal() else None))
    return found


def _failed(at: Placed, message: str) -> ConfigError:
    return ConfigError((Finding("error", "template", at.position(), message),))
