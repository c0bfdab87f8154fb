"""The functions of Terraform's language that a configuration without state can answer.

Each takes the folder that paths are relative to, then its arguments.
Source: Terraform, "Built-in Functions".
"""

import base64
import functools
import hashlib
import json
import math
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus

import yaml

Value = Any


class FunctionError(ValueError):
    """A function cannot answer. str(): why, for the operator."""


def _pure(function: Callable[..., Value]) -> Callable[..., Value]:
    """Leave the folder out."""
    return lambda _folder, *arguments: function(*arguments)


# -- texts ----------------------------------------------------------------------------------------

_VERB: Final = re.compile(r"%(?:%|[-+ 0#]*\d*(?:\.\d+)?[a-zA-Z])")


def _format(pattern: str, *values: Value) -> str:
    rest = iter(values)

    def verb(found: re.Match[str]) -> str:
        text = found[0]
        if text == "%%":
            return "%"
        try:
            value = next(rest)
        except StopIteration:
            raise FunctionError(f"there is no value for {text}") from None
        if text[-1] in "vs":
            shown = value if isinstance(value, str) else json.dumps(value)
            return f"{text[:-1]}s" % shown
        if text[-1] == "q":
            return json.dumps(str(value))
        return text % (float(value) if text[-1] in "eEfgG" else int(value))

    return _VERB.sub(verb, pattern)


def _replace(text: str, what: str, by: str) -> str:
    if len(what) > 1 and what.startswith("/") and what.endswith("/"):
        return re.sub(what[1:-1], re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", by), text)
    return text.replace(what, by)


def _regex(pattern: str, text: str) -> Value:
    found = re.search(pattern, text)
    if found is None:
        raise FunctionError("the pattern is not in the text")
    if found.re.groupindex:
        return found.groupdict()
    return list(found.groups()) if found.re.groups else found[0]


def _substr(text: str, offset: int, length: int) -> str:
    start = offset if offset >= 0 else max(0, len(text) + offset)
    return text[start:] if length < 0 else text[start : start + length]


def _title(text: str) -> str:
    return re.sub(r"\b[a-z]", lambda found: found[0].upper(), text)


def _to_text(value: Value) -> Value:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _to_number(value: Value) -> Value:
    number = float(value)
    return int(number) if number.is_integer() else number


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
    raise FunctionError(f"there is no {key}, and no default")


def _coalesce(*values: Value) -> Value:
    for value in values:
        if value is not None and value != "":
            return value
    raise FunctionError("all values are null or empty")


def _merge(*maps: Mapping[str, Value] | None) -> dict[str, Value]:
    return functools.reduce(lambda merged, each: merged | dict(each or {}), maps, {})


def _one(values: list[Value]) -> Value:
    if len(values) > 1:
        raise FunctionError("expected at most one element")
    return values[0] if values else None


def _range(*limits: int) -> list[int]:
    return list(range(*limits))


def _join(separator: str, *lists: Iterable[Value]) -> str:
    return separator.join(str(value) for values in lists for value in values)


# -- files and encodings --------------------------------------------------------------------------


def _json(value: Value) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _read(folder: str, name: str) -> bytes:
    return Path(folder, name).read_bytes()


def _file(folder: str, name: str) -> str:
    return _read(folder, name).decode()


def _template_file(folder: str, name: str, names: Mapping[str, Value]) -> str:
    from frontdesk.config.imports.hcl.evaluate import Scope, render

    path = Path(folder, name)

    def unknown(word: str) -> Value:
        raise FunctionError(f"there is no {word} for this template")

    return render(path.read_text(), Scope(names, unknown, folder, str(path)))


def _hash(kind: str) -> Callable[..., str]:
    return lambda text: hashlib.new(kind, text.encode(), usedforsecurity=False).hexdigest()


def _file_hash(folder: str, name: str) -> str:
    return base64.b64encode(hashlib.sha256(_read(folder, name)).digest()).decode()


FUNCTIONS: Final[Mapping[str, Callable[..., Value]]] = {
    "abspath": lambda folder, path: str(Path(folder, path).resolve()),
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
    "file": _file,
    "filebase64": lambda folder, name: base64.b64encode(_read(folder, name)).decode(),
    "filebase64sha256": _file_hash,
    "fileexists": lambda folder, name: Path(folder, name).is_file(),
    "flatten": _pure(_flatten),
    "floor": _pure(math.floor),
    "format": _pure(_format),
    "formatlist": _pure(lambda text, values: [_format(text, value) for value in values]),
    "indent": _pure(lambda count, text: text.replace("\n", "\n" + " " * count)),
    "join": _pure(_join),
    "jsondecode": _pure(json.loads),
    "jsonencode": _pure(_json),
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
    "pathexpand": lambda _folder, path: path,
    "range": _pure(_range),
    "regex": _pure(_regex),
    "replace": _pure(_replace),
    "reverse": _pure(lambda values: values[::-1]),
    "sensitive": _pure(lambda value: value),
    "setunion": _pure(lambda *sets: _to_set(value for values in sets for value in values)),
    "sha256": _pure(_hash("sha256")),
    "slice": _pure(lambda values, start, end: values[start:end]),
    "sort": _pure(sorted),
    "split": _pure(lambda separator, text: text.split(separator)),
    "startswith": _pure(lambda text, start: text.startswith(start)),
    "substr": _pure(_substr),
    "sum": _pure(sum),
    "templatefile": _template_file,
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
    "yamldecode": _pure(yaml.safe_load),
    "yamlencode": _pure(lambda value: yaml.safe_dump(value, sort_keys=False)),
    "zipmap": _pure(lambda keys, values: dict(zip(keys, values, strict=True))),
}
