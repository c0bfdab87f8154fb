"""Owns how records are named: `pk` is `TYPE#tenant`, `sk` is free, and `sk@version` names one version.

Source: MBC CQRS Serverless, "Key patterns".
"""

from typing import Final, NamedTuple

from frontdesk.rules.records.refusals import InvalidRecordError

SEPARATOR: Final = "#"
VERSION_SEPARATOR: Final = "@"

VERSION_FIRST: Final = 0
"""Version of an input for a record that is not there yet."""

VERSION_LATEST: Final = -1
"""Version of an input for a record whatever its version is."""

DEFAULT_TENANT: Final = "single"
"""Tenant of programs that have one only."""

MASTER: Final = "MASTER"
"""Type of settings, which are records themselves."""

SEQUENCE: Final = "SEQ"

LARGEST: Final = 2**53 - 1
"""Of whole numbers of a record: what every reader of JSON keeps exactly."""

_LONGEST_PK: Final = 2048  # bytes, as DynamoDB has them
_LONGEST_SK: Final = 1024


class Key(NamedTuple):
    """Names a record, or one version of it. version: VERSION_LATEST where none is said."""

    pk: str
    sk: str
    version: int = VERSION_LATEST

    @property
    def id(self) -> str:
        """The name of the record, whatever its version."""
        return f"{self.pk}{SEPARATOR}{self.sk}"


def make_key(pk: object, sk: object) -> Key:
    """Read a key; the tenant in `pk` becomes lower case. Raises: InvalidRecordError."""
    text = _text("pk", pk, _LONGEST_PK)
    kind, separator, tenant = text.rpartition(SEPARATOR)
    if not (kind and separator and tenant):
        raise InvalidRecordError(f"Invalid pk: expected TYPE#tenant: {text}")
    name, version = split_version(_text("sk", sk, _LONGEST_SK))
    if not name:
        raise InvalidRecordError(f"Invalid sk: expected a name before the version: {sk}")
    return Key(f"{kind}{SEPARATOR}{tenant.lower()}", name, version)


def tenant_of(pk: str) -> str:
    """Return the tenant that a `pk` belongs to: the text after the last `#`."""
    return pk.rpartition(SEPARATOR)[2].lower()


def split_version(sk: str) -> tuple[str, int]:
    """Take `sk@version` apart at the last `@`. Raises: InvalidRecordError."""
    name, separator, version = sk.rpartition(VERSION_SEPARATOR)
    if not separator:
        return sk, VERSION_LATEST
    if not (version.isascii() and version.removeprefix("-").isdigit()):
        raise InvalidRecordError(f"Invalid sk: expected a number behind the last @: {sk}")
    number = int(version)
    if abs(number) > LARGEST:
        raise InvalidRecordError(f"Invalid sk: expected a version of at most {LARGEST}: {sk}")
    return name, number


def with_version(sk: str, version: int) -> str:
    """Name one version of what `sk` names."""
    return f"{sk}{VERSION_SEPARATOR}{version}"


def _text(name: str, value: object, longest: int) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidRecordError(f"Invalid {name}: expected a text that is not empty: {value!r}")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        size = 0
    if not 0 < size <= longest or "\0" in value:
        raise InvalidRecordError(f"Invalid {name}: expected text of at most {longest} bytes")
    return value
