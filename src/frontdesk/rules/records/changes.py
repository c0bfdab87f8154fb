"""Owns how one version follows another: whether anything changed, what a partial update leaves, which number it has."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from frontdesk.rules.records.keys import VERSION_LATEST
from frontdesk.rules.records.record import CommandInput, Record, camel, plain_json
from frontdesk.rules.records.refusals import InvalidRecordError

_CONTENT: Final = (
    *("id", "code", "name", "tenant_code", "type"),
    *("is_deleted", "seq", "ttl", "attributes"),
)
"""What makes a version another one than the version before."""

_KEPT: Final = frozenset({"pk", "sk", "version"})

WRONG_VERSION: Final = (
    "Invalid input version. The input version must be equal to the latest version"
)


def is_dirty(given: CommandInput, known: CommandInput) -> bool:
    """Whether an input says anything else than a version does. Missing is null."""
    return any(not _same(getattr(given, name), getattr(known, name)) for name in _CONTENT)


def follows(given: CommandInput, version: int | None) -> int:
    """Return the version that an input is about to make. Raises: InvalidRecordError.

    version: the one that it is held to; None: there is none.
    """
    known = version or 0
    if given.version not in (VERSION_LATEST, known):
        raise InvalidRecordError(WRONG_VERSION)
    return known + 1


def merged(partial: Mapping[str, Any], known: Record) -> CommandInput:
    """Return what a partial update makes of a version: objects are merged, arrays and all else replaced.

    partial: camelCase or names of Python. The ttl goes, unless it is given. Raises: InvalidRecordError.
    """
    given = CommandInput.from_json(partial)
    said = {name for name in _CONTENT if name in partial or camel(name) in partial}
    former = CommandInput(
        pk=known.pk,
        sk=known.sk,
        version=known.version,
        **{name: getattr(known, name) for name in _CONTENT if name != "ttl"},
    )
    values = {name: getattr(given, name) for name in said}
    if "attributes" in values:
        values["attributes"] = _merged(known.attributes, plain_json(values["attributes"]))
    return replace(former, **values)


def _merged(former: Any, given: Any) -> Any:
    if not (isinstance(former, Mapping) and isinstance(given, Mapping)):
        return given
    return {
        **former,
        **{name: _merged(former.get(name), value) for name, value in given.items()},
    }


def _same(one: Any, other: Any) -> bool:
    """Compare JSON values; a missing member is one that is null, and true is not 1."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return all(_same(one.get(name), other.get(name)) for name in one.keys() | other.keys())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)
