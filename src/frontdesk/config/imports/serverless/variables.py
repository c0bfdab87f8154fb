"""Owns the variables of `serverless.yml`: `${source:address, default}`, also within each other.

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
from frontdesk.config.placed import Placed
from frontdesk.config.tree import Node

_INNERMOST: Final = re.compile(r"\$\{(?!AWS::|[A-Za-z0-9]+\.|[A-Za-z0-9]+\}|!)([^${}]*)\}")
"""A variable that has none inside; what CloudFormation's `Sub` reads stays."""

_KEPT: Final = "\0{"
"""What stands for the beginning of a reference of ours, so that it is not looked up again."""

_PART: Final = re.compile(r"\s*(?:'([^']*)'|\"([^\"]*)\"|([^,'\"]+))\s*(?:,|$)")
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
        self._environ = environ
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
            "self": lambda address, _at: _below(self._service, address),
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
        return self._text(placed) if isinstance(placed.value, str) else placed

    def _text(self, placed: Placed) -> Placed:
        text = placed.value
        while found := _INNERMOST.search(text):
            self._spend(placed)
            value = self._value(found[1], placed)
            if found[0] == text and not isinstance(value.value, str):
                return value
            if isinstance(value.value, dict | list):
                raise _failed(placed, f"expected a text inside this text: ${{{found[1]}}}")
            text = f"{text[: found.start()]}{_shown(value.value)}{text[found.end() :]}"
            if len(text) > _LONGEST_TEXT:
                raise _failed(placed, "this text is too long")
        return Placed(text.replace(_KEPT, "${"), placed.node, placed.path)

    def _value(self, expression: str, at: Placed) -> Placed:
        """Evaluate `source:address, default`: the first that is there."""
        if expression in self._underway:
            raise _failed(at, f"this variable needs itself: ${{{expression}}}")
        self._underway.append(expression)
        try:
            for part in _PART.finditer(expression):
                found = self._part(part, at)
                if found is not None:
                    return self.resolve(found)
        finally:
            self._underway.pop()
        first = expression.split(",", maxsplit=1)[0].strip()
        asked = self._declared.asked(first, at.position())
        return Placed(asked.replace("${", _KEPT), at.node, at.path)

    def _part(self, part: re.Match[str], at: Placed) -> Placed | None:
        """Read one of the alternatives; None where it is not there."""
        if part[3] is None:
            return _placed(part[1] if part[1] is not None else part[2], at)
        whole = part[3].strip()
        source, _, address = whole.partition(":")
        if whole in self._given:
            return _placed(self._given[whole], at)
        if found := _FILE.fullmatch(whole):
            return _below(self._file(found[1], at), found[2] or "")
        if source in self._sources:
            return self._sources[source](address, at)
        if whole in _CONSTANTS:
            return _placed(_CONSTANTS[whole], at)
        if re.fullmatch(r"-?\d{1,18}", whole):
            return _placed(int(whole), at)
        raise _failed(at, f"this variable is not supported: ${{{whole}}}")

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
        given = self._given.get("stage")
        stage = self._service.below("provider").get("stage")
        return _placed(given, at) if given else stage or _placed("dev", at)

    def _ssm(self, address: str, at: Placed) -> Placed | None:
        """Take the name of a parameter; where it is read (`ssm(eu-west-1)`) says nothing here."""
        secret = self._declared.secret(address, at.position())
        return _placed(secret.replace("${", _KEPT), at)

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


def _shown(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _failed(at: Placed, message: str) -> ConfigError:
    return ConfigError((Finding("error", "template", at.position(), message),))
