"""The functions of Terraform's language that a configuration without state can answer.

Each takes what is around it, then its arguments, and makes nothing that is not bounded beforehand.
Source: Terraform, "Built-in Functions".
"""

import base64
import functools
import hashlib
import itertools
import json
import math
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus

from frontdesk.config.imports.files import Project
from frontdesk.config.imports.hcl.limits import Limits
from frontdesk.config.imports.hcl.values import (
    EvaluationError,
    Value,
    as_json,
    as_text,
    is_open,
    number,
)
from frontdesk.config.yaml_source import read_yaml
from frontdesk.config.yaml_text import write_yaml
from frontdesk.rules.lang.patterns import PatternError, compile_pattern


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a function is called. folder: that paths are relative to. render: a file as a template."""

    folder: Path
    project: Project
    limits: Limits
    render: Callable[[Path, Mapping[str, Value]], Value]

    def read(self, name: str) -> bytes:
        """Read a file."""
        return self.project.read(self.folder / name)


Function = Callable[..., Value]


def _pure(function: Function) -> Function:
    """Leave out what is around."""
    return lambda _around, *arguments: function(*arguments)


# -- texts ----------------------------------------------------------------------------------------

_VERB: Final = re.compile(r"%(?:%|[-+ 0#]*\d*(?:\.\d+)?[a-zA-Z])")
_TOO_WIDE: Final = re.compile(r"\d{4}")


def _format(pattern: str, *values: Value) -> str:
    rest = iter(values)

    def verb(found: re.Match[str]) -> str:
        text = found[0]
        if text == "%%":
            return "%"
        if _TOO_WIDE.search(text):
            raise EvaluationError(f"this is too wide: {text}")
        try:
            value = next(rest)
        except StopIteration:
            raise EvaluationError(f"there is no value for {text}") from None
        if text[-1] in "vs":
            shown = value if isinstance(value, str) else as_json(value)
            return f"{text[:-1]}s" % shown
        if text[-1] == "q":
            return json.dumps(str(value))
        return text % (float(value) if text[-1] in "eEfgG" else int(value))

    return _VERB.sub(verb, pattern)


def _replace(around: Surroundings, text: str, what: str, by: str) -> str:
    if not (len(what) > 1 and what.startswith("/") and what.endswith("/")):
        around.limits.text(len(text) + text.count(what) * len(by))
        return text.replace(what, by)
    pattern = _pattern(what[1:-1])
    around.limits.text(len(text) * (1 + len(by)))
    return str(pattern.sub(_GROUP.sub(r"\\g<\1>", by), text))


_GROUP: Final = re.compile(r"\$\{?(\w+)\}?")


def _pattern(text: str) -> Any:
    try:
        return compile_pattern(text)
    except PatternError as error:
        raise EvaluationError(error.message) from None


def _regex(pattern: str, text: str) -> Value:
    found = _pattern(pattern).search(text)
    if found is None:
        raise EvaluationError("the pattern is not in the text")
    return _groups(found)


def _regex_all(pattern: str, text: str) -> Value:
    return [_groups(found) for found in _pattern(pattern).finditer(text)]


def _groups(found: Any) -> Value:
    if found.re.groupindex:
        return found.groupdict()
    return list(found.groups()) if found.re.groups else found[0]


def _indent(around: Surroundings, count: int, text: str) -> str:
    around.limits.text(len(text) + count * text.count("\n"))
    return text.replace("\n", "\n" + " " * count)


def _substr(text: str, offset: int, length: int) -> str:
    start = offset if offset >= 0 else max(0, len(text) + offset)
    return text[start:] if length < 0 else text[start : start + length]


def _title(text: str) -> str:
    return re.sub(r"\b[a-z]", lambda found: found[0].upper(), text)


def _to_text(value: Value) -> Value:
    return value if value is None else as_text(value)


def _to_number(value: Value) -> Value:
    return value if value is None or is_open(value) else number(value)


# -- collections ----------------------------------------------------------------------------------


def _flatten(values: Iterable[Value]) -> list[Value]:
    flat: list[Value] = []
    for value in values:
        flat += _flatten(value) if isinstance(value, list) else [value]
    return flat


def _distinct(values: Iterable[Value]) -> list[Value]:
    found: list[Value] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _to_set(values: Iterable[Value]) -> list[Value]:
    return sorted(_distinct(values), key=str)


def _lookup(values: Mapping[str, Value], key: str, *default: Value) -> Value:
    if key in values:
        return values[key]
    if default:
        return default[0]
    raise EvaluationError(f"there is no {key}, and no default")


def _coalesce(*values: Value) -> Value:
    for value in values:
        if value is not None and value != "":
            return value
    raise EvaluationError("all values are null or empty")


def _merge(*maps: Mapping[str, Value] | None) -> dict[str, Value]:
    return functools.reduce(lambda merged, each: merged | dict(each or {}), maps, {})


def _one(values: list[Value]) -> Value:
    if len(values) > 1:
        raise EvaluationError("expected at most one element")
    return values[0] if values else None


def _range(*numbers: int) -> list[int]:
    listed = range(*numbers)
    if len(listed) > _LONGEST_RANGE:
        raise EvaluationError(f"more than {_LONGEST_RANGE} numbers")
    return list(listed)


_LONGEST_RANGE: Final = 1024
"""As in Terraform."""


def _formatlist(around: Surroundings, pattern: str, *lists: Value) -> list[str]:
    count = max((len(each) for each in lists if isinstance(each, list)), default=1)
    around.limits.text(len(pattern) * count)
    columns = [each if isinstance(each, list) else [each] * count for each in lists]
    return [_format(pattern, *row) for row in zip(*columns, strict=True)]


def _setproduct(around: Surroundings, *sets: Sequence[Value]) -> list[Value]:
    around.limits.spend(math.prod(len(each) for each in sets) * len(sets))
    return [list(each) for each in itertools.product(*sets)]


def _join(around: Surroundings, separator: str, *lists: Iterable[Value]) -> str:
    values = [as_text(value) for values in lists for value in values]
    around.limits.text(len(separator) * len(values))
    return separator.join(values)


# -- files and encodings --------------------------------------------------------------------------


def _json_value(text: str) -> Value:
    return text if is_open(text) else json.loads(text)


def _yaml_value(around: Surroundings, text: str) -> Value:
    tree, findings = read_yaml(text.encode(), "yaml")
    if tree is None or findings:
        raise EvaluationError(findings[0].message)
    around.limits.weigh(tree.value)
    return tree.value


def _exists(around: Surroundings, name: str) -> bool:
    return around.project.find(around.folder / name).is_file()


def _hash(kind: str) -> Function:
    return lambda text: hashlib.new(kind, text.encode(), usedforsecurity=False).hexdigest()


def _file_hash(kind: str) -> Function:
    def read(around: Surroundings, name: str) -> str:
        return hashlib.new(kind, around.read(name), usedforsecurity=False).hexdigest()

    return read


def _file_hash_in_base64(around: Surroundings, name: str) -> str:
    return base64.b64encode(hashlib.sha256(around.read(name)).digest()).decode()


FUNCTIONS: Final[Mapping[str, Function]] = {
    "abspath": lambda around, path: str((around.folder / path).resolve()),
    "base64decode": _pure(lambda text: base64.b64decode(text).decode()),
    "base64encode": _pure(lambda text: base64.b64encode(text.encode()).decode()),
    "basename": _pure(posixpath.basename),
    "ceil": _pure(math.ceil),
    "chomp": _pure(lambda text: text.rstrip("\r\n")),
    "coalesce": _pure(_coalesce),
    "compact": _pure(lambda values: [value for value in values if value not in (None, "")]),
    "concat": _pure(lambda *lists: [value for values in lists for value in values]),
    "contains": _pure(lambda values, value: value in values),
    "dirname": _pure(posixpath.dirname),
    "distinct": _pure(_distinct),
    "element": _pure(lambda values, index: values[index % len(values)]),
    "endswith": _pure(lambda text, end: text.endswith(end)),
    "file": lambda around, name: around.project.text(around.folder / name),
    "filebase64": lambda around, name: base64.b64encode(around.read(name)).decode(),
    "filebase64sha256": _file_hash_in_base64,
    "fileexists": _exists,
    "filemd5": _file_hash("md5"),
    "filesha256": _file_hash("sha256"),
    "flatten": _pure(_flatten),
    "floor": _pure(math.floor),
    "format": _pure(_format),
    "formatlist": _formatlist,
    "indent": _indent,
    "join": _join,
    "jsondecode": _pure(_json_value),
    "jsonencode": _pure(as_json),
    "keys": _pure(sorted),
    "length": _pure(len),
    "lookup": _pure(_lookup),
    "lower": _pure(str.lower),
    "max": _pure(max),
    "md5": _pure(_hash("md5")),
    "merge": _pure(_merge),
    "min": _pure(min),
    "nonsensitive": _pure(lambda value: value),
    "one": _pure(_one),
    "pathexpand": _pure(lambda path: path),
    "range": _pure(_range),
    "regex": _pure(_regex),
    "regexall": _pure(_regex_all),
    "replace": _replace,
    "reverse": _pure(lambda values: values[::-1]),
    "sensitive": _pure(lambda value: value),
    "setproduct": _setproduct,
    "setunion": _pure(lambda *sets: _to_set(value for values in sets for value in values)),
    "sha256": _pure(_hash("sha256")),
    "slice": _pure(lambda values, start, end: values[start:end]),
    "sort": _pure(sorted),
    "split": _pure(lambda separator, text: text.split(separator)),
    "startswith": _pure(lambda text, start: text.startswith(start)),
    "substr": _pure(_substr),
    "sum": _pure(sum),
    "templatefile": lambda around, name, names: around.render(around.folder / name, names),
    "title": _pure(_title),
    "tobool": _pure(lambda value: {"true": True, "false": False}.get(value, value)),
    "tolist": _pure(list),
    "tomap": _pure(dict),
    "tonumber": _pure(_to_number),
    "toset": _pure(_to_set),
    "tostring": _pure(_to_text),
    "trim": _pure(lambda text, cutset: text.strip(cutset)),
    "trimprefix": _pure(lambda text, prefix: text.removeprefix(prefix)),
    "trimspace": _pure(str.strip),
    "trimsuffix": _pure(lambda text, suffix: text.removesuffix(suffix)),
    "upper": _pure(str.upper),
    "urlencode": _pure(quote_plus),
    "values": _pure(lambda found: [found[key] for key in sorted(found)]),
    "yamldecode": _yaml_value,
    "yamlencode": _pure(write_yaml),
    "zipmap": _pure(lambda keys, values: dict(zip(keys, values, strict=True))),
}
