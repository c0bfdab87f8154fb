"""Owns turning what pydantic says about a tree into findings: place, expectation, value, hint."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path as FilePath
from types import UnionType
from typing import Annotated, Any, Final, NamedTuple, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from frontdesk.base.errors import Finding, Position
from frontdesk.config.models.model import HintedError, Model, Off
from frontdesk.config.models.root import Config
from frontdesk.config.secrets import MASK
from frontdesk.config.text import FileText
from frontdesk.config.tree import Path, Tree

MAX_SHOWN: Final = 60
"""Characters of a value in a message."""

SECRET_NAME: Final = re.compile(
    r"(?:^|[_-])(?:secret|token|passw(?:or)?d|passphrase|(?:api|access)[_-]?key|private[_-]?key|credentials?)$",
    re.IGNORECASE,
)
"""Keys whose values are never shown, and should come from a reference."""


USER_INFO: Final = re.compile(r"(?<=://)[^/\s@]*@")
"""Who a URL says that asks, and their password."""


def validate(tree: Tree, folder: FilePath) -> tuple[Config | None, list[Finding]]:
    """Make the Config of a tree whose references are resolved, and tell everything that is wrong.

    None: there is none. Where a `type` is misspelt there may be one all the same: that of the type that is meant, so
    that what stands beside it is looked at, too.
    """
    config, details = _model(tree.value, folder)
    faults = [_Fault(tree, tree.known(detail["loc"]), detail) for detail in details]
    misspelt = [fault for fault in faults if fault.type_that_is_meant]
    if misspelt:
        value = tree.value
        for fault in misspelt:
            value = _replaced(value, fault.path, fault.type_that_is_meant)
        config, details = _model(value, folder)
        faults = [
            *misspelt,
            *(_Fault(tree, tree.known(detail["loc"]), detail) for detail in details),
        ]
    return config, [
        _EXPLAIN.get(fault.detail["type"], _as_pydantic_says)(fault) for fault in faults
    ]


def _model(value: Any, folder: FilePath) -> tuple[Config | None, list[ErrorDetails]]:
    try:
        return Config.model_validate(value, context={"folder": folder}), []
    except ValidationError as error:
        return None, error.errors(include_url=False)


def _replaced(value: Any, path: Path, word: str) -> Any:
    """Return a tree that has another `type` at a path. Other parts are the same."""
    if not path:
        return {**value, "type": word}
    part, *rest = path
    changed = _replaced(value[part], tuple(rest), word)
    if isinstance(value, dict):
        return {**value, part: changed}
    return [changed if at == part else each for at, each in enumerate(value)]


def did_you_mean(word: object, words: Iterable[str]) -> str:
    """Write the hint for a misspelt or too long word, or "" when no word is close."""
    if not isinstance(word, str):
        return ""
    known = {each.lower(): each for each in words}
    written = word.lower()
    close = get_close_matches(written, known, n=1)
    close += [each for each in known if written.startswith(each)]
    return f"did you mean {known[close[0]]}?" if close else ""


def among(word: object, words: Iterable[str]) -> str:
    """Write the hint for a word that is none of these: the one that is meant, or the first five of them."""
    known = list(words)
    return did_you_mean(word, known) or f"there is {', '.join(known[:5]) or 'none'}"


def shown(value: object, key: object = "") -> str:
    """Write a value for a message: shortened, secrets masked."""
    match value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case None:
            return "nothing"
    if isinstance(key, str) and SECRET_NAME.search(key):
        return MASK
    text = value.written if isinstance(value, FileText) else value
    if isinstance(text, str):
        text = USER_INFO.sub(f"{MASK}@", text)
        text = text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
    return json.dumps(text, ensure_ascii=False, default=str)


class _Fault(NamedTuple):
    """One error of pydantic, and the part of its path that is in the file."""

    tree: Tree
    path: Path
    detail: ErrorDetails

    @property
    def where(self) -> Position:
        return self.tree.position(self.path)

    @property
    def where_key(self) -> Position:
        return self.tree.position(self.path, of_key=True)

    @property
    def value(self) -> Any:
        return self.tree.value_at(self.path)

    @property
    def type_that_is_meant(self) -> str:
        """The type that a misspelt `type` is close to; "" where it is another error, or close to none."""
        if self.detail["type"] != "union_tag_invalid":
            return ""
        words = re.findall(r"'([^']*)'", self.detail["ctx"]["expected_tags"])
        return next(iter(get_close_matches(self.detail["ctx"]["tag"].lower(), words)), "")

    def bad_value(self, message: str, hint: str = "") -> Finding:
        key = next((part for part in reversed(self.path) if isinstance(part, str)), "")
        return Finding("error", "value", self.where, message, shown(self.value, key), hint=hint)


def _unknown_key(fault: _Fault) -> Finding:
    key = fault.path[-1]
    known = dict.fromkeys(keys_at(fault.path[:-1]))
    if key in known:  # to another kind of entry that may stand here
        hint = "it does not go with the other keys here"
    else:
        hint = did_you_mean(key, known) or f"known here: {', '.join(known)}"
    return Finding("error", "unknown-key", fault.where_key, f"unknown key: {key}", hint=hint)


def _missing(fault: _Fault) -> Finding:
    return Finding("error", "missing-key", fault.where, f"missing key: {fault.detail['loc'][-1]}")


def _no_type(fault: _Fault) -> Finding:
    hint = "write type: jwt, or function, api_key, basic, mtls, iam"
    return Finding("error", "missing-key", fault.where, "missing key: type", hint=hint)


def _rule(fault: _Fault) -> Finding:
    return Finding("error", "value", fault.where, fault.detail["msg"])


def _value(fault: _Fault) -> Finding:
    """Explain a ValueError of ours, raised for a value or for a mapping's key."""
    error = fault.detail["ctx"]["error"]
    expected, hint = str(error), error.hint if isinstance(error, HintedError) else ""
    if isinstance(fault.value, FileText) and fault.value.referenced:
        hint = ""  # it may repeat what the reference stands for
    if fault.detail["loc"][-1] == "[key]":
        return Finding("error", "key", fault.where_key, expected, shown(fault.path[-1]), hint=hint)
    if expected == "expected a text":
        return _not_a_text(fault)
    return fault.bad_value(expected, hint)


def _not_a_text(fault: _Fault) -> Finding:
    quotable = isinstance(fault.value, (bool, int, float))
    return fault.bad_value("expected a text", "write it in quotes" if quotable else "")


def _not_a_mapping(fault: _Fault) -> Finding:
    if _can_be_off(fault.path):
        return fault.bad_value("expected a mapping, or off", "leave it out for the default")
    hint = "remove the key, or write what belongs to it" if fault.value is None else ""
    return fault.bad_value("expected a mapping", hint)


def _choice(fault: _Fault) -> Finding:
    words = re.findall(r"'([^']*)'", fault.detail["ctx"]["expected"])
    quoted = "write it in quotes" if str(fault.value) in words else ""
    hint = quoted or did_you_mean(fault.value, words)
    return fault.bad_value(f"expected {_any_of(words)}", hint)


def _type(fault: _Fault) -> Finding:
    words = re.findall(r"'([^']*)'", fault.detail["ctx"]["expected_tags"])
    fault = fault._replace(path=(*fault.path, "type"))
    return fault.bad_value(f"expected {_any_of(words)}", did_you_mean(fault.value, words))


def _too_short(fault: _Fault) -> Finding:
    return Finding("error", "value", fault.where, "expected at least one entry")


def _any_of(words: list[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def _expecting(text: str) -> Callable[[_Fault], Finding]:
    return lambda fault: fault.bad_value(text.format_map(fault.detail.get("ctx", {})))


def _as_pydantic_says(fault: _Fault) -> Finding:
    message = fault.detail["msg"]
    return fault.bad_value(message[:1].lower() + message[1:])


_EXPLAIN: Final[dict[str, Callable[[_Fault], Finding]]] = {
    "dict_type": _not_a_mapping,
    "extra_forbidden": _unknown_key,
    "literal_error": _choice,
    "missing": _missing,
    "model_attributes_type": _not_a_mapping,
    "model_type": _not_a_mapping,
    "rule": _rule,
    "string_too_long": _expecting("expected a text of at most {max_length} characters"),
    "string_too_short": _expecting("expected a text that is not empty"),
    "string_type": _not_a_text,
    "too_long": _expecting("expected at most {max_length} entries"),
    "too_short": _too_short,
    "tuple_type": _expecting("expected a list"),
    "union_tag_invalid": _type,
    "union_tag_not_found": _no_type,
    "value_error": _value,
}


def keys_at(path: Path) -> list[str]:
    """List the keys that the mapping at `path` may have, where models fix them."""
    return [key for model in _models_at(path) for key in _fields(model)]


def _can_be_off(path: Path) -> bool:
    fields = [_fields(model).get(str(key)) for key in path[-1:] for model in _models_at(path[:-1])]
    return any(isinstance(mark, Off) for field in fields if field for mark in field.metadata)


def _models_at(path: Path) -> Iterator[type[Model]]:
    types: list[Any] = [Config]
    for part in path:
        types = [inner for kind in types for inner in _descend(kind, part)]
    return (model for kind in types for model in _models(kind))


def _fields(model: type[Model]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _models(kind: Any) -> Iterator[type[Model]]:
    for member in _members(kind):
        if isinstance(member, type) and issubclass(member, Model):
            yield member
        elif get_origin(member) is tuple:  # one of several may stand alone
            yield from _models(get_args(member)[0])


def _members(kind: Any) -> Iterator[Any]:
    """Yield the types that a union or annotated type consists of."""
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _members(get_args(kind)[0])
    elif origin in (Union, UnionType):
        for member in get_args(kind):
            yield from _members(member)
    else:
        yield kind


def _descend(kind: Any, part: str | int) -> Iterator[Any]:
    for member in _members(kind):
        origin = get_origin(member)
        if origin is dict:
            yield get_args(member)[1]
        elif origin is tuple and isinstance(part, int):
            yield get_args(member)[0]
        else:
            for model in _models(member):
                if part in _fields(model):
                    yield _fields(model)[str(part)].annotation


def located(findings: Iterable[Finding], files: list[str]) -> tuple[Finding, ...]:
    """Sort findings by their place: files in the order given, then line and column."""

    def place(finding: Finding) -> tuple[int, int, int]:
        where = finding.where
        return files.index(where.file), where.line, where.column

    return tuple(sorted(findings, key=place))
