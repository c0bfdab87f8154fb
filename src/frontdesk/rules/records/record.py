"""Owns the forms of a record: what is given to be written, what is kept, and both as camelCase JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, Final, Self

from frontdesk.rules.records.keys import LARGEST, Key, make_key, tenant_of, with_version
from frontdesk.rules.records.refusals import InvalidRecordError


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandInput:
    """What is to be written.

    version: of the record as the writer knows it; 0: there is none yet; -1: whatever it is. id: "": made of the
    key. tenant_code: "": the key's. seq: a number to sort by. ttl: second since 1970 from which on it is not there
    any more. attributes: JSON, as the application likes.
    """

    pk: str
    sk: str
    id: str = ""
    code: str = ""
    name: str = ""
    version: int = 0
    tenant_code: str = ""
    type: str = ""
    is_deleted: bool | None = None
    seq: int | None = None
    ttl: int | None = None
    attributes: Mapping[str, Any] | None = None

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read the camelCase form, or the names of Python. Raises: InvalidRecordError."""
        names = _NAMES[cls]
        unknown = [name for name in document if name not in names]
        if unknown:
            close = get_close_matches(unknown[0], names, 1)
            hint = f"did you mean {close[0]}?" if close else ""
            raise InvalidRecordError(f"Invalid input: there is no field {unknown[0]}", hint=hint)
        given = {names[name]: value for name, value in document.items()}
        missing = [name for name in ("pk", "sk") if name not in given]
        if missing:
            raise InvalidRecordError(f"Invalid input: expected {' and '.join(missing)}")
        return cls(**given)

    def to_json(self) -> dict[str, Any]:
        """Return the camelCase form, without what is not there."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {camel(name): value for name, value in values if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(CommandInput):
    """What is kept: one version of a record.

    sk: without the version. status: of a command, as `step:FINISHED`. source: what has written it. times: in UTC,
    as 2026-03-12T19:03:58.125Z. cpk, csk: of the read model, the key of the command that it shows.
    """

    status: str | None = None
    source: str | None = None
    request_id: str | None = None
    created_at: str | None = None
    created_by: str | None = None
    created_ip: str | None = None
    updated_at: str | None = None
    updated_by: str | None = None
    updated_ip: str | None = None
    sync_mode: str | None = None
    cpk: str | None = None
    csk: str | None = None

    @property
    def key(self) -> Key:
        """The name of this version."""
        return Key(self.pk, self.sk, self.version)

    @property
    def versioned_sk(self) -> str:
        """`sk@version`."""
        return with_version(self.sk, self.version)


def camel(name: str) -> str:
    """Write a name of Python as JSON has it: `tenantCode`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


_NAMES: Final = {
    kind: {form: field.name for field in fields(kind) for form in (field.name, camel(field.name))}
    for kind in (CommandInput, Record)
}

_TYPES: Final[Mapping[str, tuple[type, str]]] = {
    "id": (str, "text"),
    "code": (str, "text"),
    "name": (str, "text"),
    "version": (int, "a whole number"),
    "tenant_code": (str, "text"),
    "type": (str, "text"),
    "is_deleted": (bool, "true or false"),
    "seq": (int, "a whole number"),
    "ttl": (int, "seconds since 1970"),
    "attributes": (dict, "a mapping"),
}


def read_input(given: CommandInput | Mapping[str, Any]) -> CommandInput:
    """Hold what is to be written to its rules, and give it an id and a tenant. Raises: InvalidRecordError."""
    told = given if isinstance(given, CommandInput) else CommandInput.from_json(given)
    key = make_key(told.pk, told.sk)
    values: dict[str, Any] = {name: getattr(told, name) for name in _TYPES}
    if values["attributes"] is not None:
        values["attributes"] = plain_json(dict(values["attributes"]))
    for name, (kind, expected) in _TYPES.items():
        value = values[name]
        wrong = not isinstance(value, kind) or (kind is int and isinstance(value, bool))
        if value is not None and wrong:
            raise InvalidRecordError(f"Invalid {camel(name)}: expected {expected}: {value!r}")
        if kind is int and value is not None and abs(value) > LARGEST:
            raise InvalidRecordError(f"Invalid {camel(name)}: expected at most {LARGEST}: {value}")
    tenant = (values["tenant_code"] or tenant_of(key.pk)).lower()
    if tenant != tenant_of(key.pk):
        raise InvalidRecordError(f"Invalid tenantCode: it is not the tenant of pk: {tenant}")
    values |= {"tenant_code": tenant, "id": values["id"] or key.id}
    return CommandInput(pk=key.pk, sk=key.sk, **values)


def plain_json(value: Any) -> Any:
    """Return a value as it comes back from the store. Raises: InvalidRecordError, where it is no JSON."""
    return json.loads(write_json(value))


def write_json(value: Any) -> str:
    """Write JSON in ASCII: any text of Python survives. Raises: InvalidRecordError."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRecordError(f"Invalid attributes: expected JSON: {error}") from None


_OF_ROW: Final = frozenset({"pk", "sk", "version", "ttl", "status"})
"""What the store keeps in columns of their own."""


def write_document(record: Record) -> str:
    """Write what a store keeps of a record beside its key, version, ttl and status."""
    return write_json(
        {name: value for name, value in record.to_json().items() if name not in _OF_ROW}
    )


def read_document(
    document: str, *, pk: str, sk: str, version: int, ttl: int | None, status: str = ""
) -> Record:
    """Put a record together out of what a store keeps."""
    values = json.loads(document)
    return Record.from_json(
        {**values, "pk": pk, "sk": sk, "version": version, "ttl": ttl, "status": status or None}
    )
