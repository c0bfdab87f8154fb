"""Owns CloudFormation's intrinsic functions: what each makes of its arguments.

What names stand for is the template's business. Source: AWS, "Intrinsic function reference".
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from frontdesk.base.errors import ConfigError, Finding
from frontdesk.config.placed import Placed

TAGS: Final[Mapping[str, str]] = {
    "!And": "Fn::And",
    "!Base64": "Fn::Base64",
    "!Condition": "Condition",
    "!Equals": "Fn::Equals",
    "!FindInMap": "Fn::FindInMap",
    "!GetAZs": "Fn::GetAZs",
    "!GetAtt": "Fn::GetAtt",
    "!If": "Fn::If",
    "!ImportValue": "Fn::ImportValue",
    "!Join": "Fn::Join",
    "!Not": "Fn::Not",
    "!Or": "Fn::Or",
    "!Ref": "Ref",
    "!Select": "Fn::Select",
    "!Split": "Fn::Split",
    "!Sub": "Fn::Sub",
    "!ToJsonString": "Fn::ToJsonString",
    "!Transform": "Fn::Transform",
}
"""Short form of a function → its name."""

LONGEST_TEXT: Final = 1024 * 1024
"""Characters that a text may have which a function makes: more than a whole template."""

_VARIABLE: Final = re.compile(r"\$\{(!?)([^}]*)\}")


class Names(Protocol):
    """What the functions ask of a template."""

    def value(self, placed: Placed) -> Any:
        """Evaluate a value with all that is in it."""
        ...

    def reference(self, name: str, at: Placed) -> Any:
        """Find what `Ref` gives."""
        ...

    def attribute(self, name: str, attribute: str, at: Placed) -> Any:
        """Find what `GetAtt` gives."""
        ...

    def condition(self, name: str, at: Placed) -> bool:
        """Evaluate a condition."""
        ...

    def mapped(self, keys: list[Any], at: Placed) -> Any:
        """Find a value of the mappings."""
        ...

    def asked(self, name: str, at: Placed) -> str:
        """Return what the operator has given, or a text that stands for it."""
        ...


def failed(at: Placed, message: str) -> ConfigError:
    """Make the error of a value."""
    return ConfigError((Finding("error", "template", at.position(), message),))


def _arguments(names: Names, at: Placed, count: int | None = None) -> list[Any]:
    value = names.value(at)
    if not isinstance(value, list) or count not in (None, len(value)):
        raise failed(at, f"expected a list of {count}" if count else "expected a list")
    return value


def _name(at: Placed) -> str:
    if not isinstance(at.value, str):
        raise failed(at, "expected a name")
    return at.value


def as_text(value: Any, at: Placed) -> str:
    """Write a value into a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise failed(at, "expected a text or number inside this text")


def _bounded(texts: list[str], separator: str, at: Placed) -> str:
    if sum(map(len, texts)) + len(separator) * len(texts) > LONGEST_TEXT:
        raise failed(at, "this text is too long")
    return separator.join(texts)


def _sub(names: Names, at: Placed) -> Any:
    """Evaluate Sub: its text must not be evaluated before its variables are known."""
    text, own = (at, None) if isinstance(at.value, str) else (at.get(0), at.get(1))
    variables = names.value(own) if own is not None else {}
    if text is None or not isinstance(text.value, str) or not isinstance(variables, dict):
        raise failed(at, "expected a text, or a list of a text and its variables")
    return _substituted(text.value, variables, names, at)


def _substituted(text: str, own: Mapping[str, Any], names: Names, at: Placed) -> str:
    pieces, end = [], 0
    for found in _VARIABLE.finditer(text):
        literal, name = found[1], found[2].strip()
        resource, dot, attribute = name.partition(".")
        if literal:
            value: Any = f"${{{found[2]}}}"
        elif name in own:
            value = own[name]
        else:
            value = names.attribute(resource, attribute, at) if dot else names.reference(name, at)
        pieces += [text[end : found.start()], as_text(value, at)]
        end = found.end()
    return _bounded([*pieces, text[end:]], "", at)


def _get_att(names: Names, at: Placed) -> Any:
    parts = at.value.split(".", 1) if isinstance(at.value, str) else _arguments(names, at)
    if len(parts) != 2:
        raise failed(at, "expected a resource and its attribute")
    return names.attribute(str(parts[0]), str(parts[1]), at)


def _select(names: Names, at: Placed) -> Any:
    index, values = _arguments(names, at, 2)
    try:
        return values[int(index)]
    except (ValueError, TypeError, LookupError):
        raise failed(at, f"there is no element {index} in this list") from None


def _split(names: Names, at: Placed) -> Any:
    separator, text = _arguments(names, at, 2)
    if not separator:
        raise failed(at, "expected a separator")
    return as_text(text, at).split(as_text(separator, at))


def _join(names: Names, at: Placed) -> Any:
    separator, values = _arguments(names, at, 2)
    listed = values if isinstance(values, list) else [values]
    return _bounded([as_text(each, at) for each in listed], as_text(separator, at), at)


def _if(names: Names, at: Placed) -> Any:
    parts = list(at.members())
    if len(parts) != 3:
        raise failed(at, "expected a condition and two values")
    return names.value(parts[1 if names.condition(_name(parts[0]), at) else 2])


def is_true(value: Any) -> bool:
    """Read the value of a condition."""
    return value in (True, "true")


def _equals(names: Names, at: Placed) -> bool:
    left, right = _arguments(names, at, 2)
    return str(left) == str(right)


FUNCTIONS: Final[Mapping[str, Callable[[Names, Placed], Any]]] = {
    "Condition": lambda names, at: names.condition(_name(at), at),
    "Fn::And": lambda names, at: all(map(is_true, _arguments(names, at))),
    "Fn::Base64": (
        lambda names, at: base64.b64encode(as_text(names.value(at), at).encode()).decode()
    ),
    "Fn::Equals": _equals,
    "Fn::FindInMap": lambda names, at: names.mapped(_arguments(names, at), at),
    "Fn::GetAtt": _get_att,
    "Fn::If": _if,
    "Fn::ImportValue": lambda names, at: names.asked(as_text(names.value(at), at), at),
    "Fn::Join": _join,
    "Fn::Not": lambda names, at: not is_true(_arguments(names, at, 1)[0]),
    "Fn::Or": lambda names, at: any(map(is_true, _arguments(names, at))),
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
    "Fn::ToJsonString": lambda names, at: json.dumps(names.value(at)),
    "Ref": lambda names, at: names.reference(_name(at), at),
}
"""Name of an intrinsic function → how it is evaluated."""
