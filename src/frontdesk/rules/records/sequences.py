"""Owns how numbers of a sequence are named and written: `INV-2026-0042`. Counts nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from frontdesk.rules.records.keys import SEPARATOR, SEQUENCE, Key, make_key
from frontdesk.rules.records.refusals import InvalidRecordError

Rotation = Literal["none", "daily", "monthly", "yearly", "fiscal_yearly"]
"""When a sequence begins again with 1."""

DEFAULT_FORMAT: Final = "%%no%%"

_CODES: Final = ("code1", "code2", "code3", "code4", "code5")
_FISCAL_MONTH: Final = 4  # April
_FISCAL_ZERO: Final = 1953 - 1  # fiscal year 1 began in 1953


class SequenceItem(NamedTuple):
    """A number that was given. id: of the sequence. formatted_no: as it is shown. issued_at: in ISO 8601."""

    id: str
    no: int
    formatted_no: str
    issued_at: str

    def to_json(self) -> dict[str, Any]:
        """Return the camelCase form."""
        return {
            "id": self.id,
            "no": self.no,
            "formattedNo": self.formatted_no,
            "issuedAt": self.issued_at,
        }


def fiscal_year(date: datetime) -> int:
    """Return the year in which the fiscal year of a date began, in April."""
    return date.year if date.month >= _FISCAL_MONTH else date.year - 1


_ROTATIONS: Final[Mapping[str, Any]] = {
    "none": lambda _date: "none",
    "daily": lambda date: f"{date:%Y%m%d}",
    "monthly": lambda date: f"{date:%Y%m}",
    "yearly": lambda date: f"{date:%Y}",
    "fiscal_yearly": lambda date: str(fiscal_year(date)),
}


def sequence_key(
    type_code: str, tenant: str, rotate_by: str, params: Mapping[str, str], date: datetime
) -> Key:
    """Name the counter that a number is of. Raises: InvalidRecordError."""
    rotation = _ROTATIONS.get(rotate_by)
    if rotation is None:
        raise InvalidRecordError(
            f"Invalid rotateBy: {rotate_by}", hint=f"one of {', '.join(_ROTATIONS)}"
        )
    unknown = sorted(params.keys() - set(_CODES))
    if unknown:
        raise InvalidRecordError(f"Invalid params: expected code1 to code5: {unknown[0]}")
    codes = [params[code] for code in _CODES if params.get(code)]
    name = SEPARATOR.join([type_code, *codes, rotation(date)])
    return make_key(f"{SEQUENCE}{SEPARATOR}{tenant}", name)


def format_number(
    no: int,
    date: datetime,
    params: Mapping[str, str],
    *,
    form: str = DEFAULT_FORMAT,
    prefix: str = "",
    postfix: str = "",
) -> str:
    """Write a number, as `%%year%%-%%no#:0>4%%` says. Raises: InvalidRecordError.

    Between two `%%` stand: no, year, month, day, fiscal_year or code1 to code5, and behind `#:` a
    character to fill up with, `>` and a width.
    """
    values = {
        "no": no,
        "year": date.year,
        "month": date.month,
        "day": date.day,
        "fiscal_year": fiscal_year(date) - _FISCAL_ZERO,
        **{code: params.get(code, "") for code in _CODES},
    }
    parts = form.split("%%")
    if len(parts) % 2 == 0:
        raise InvalidRecordError(f"Invalid format: a %% has no other: {form}")
    written = [_field(part, values) if index % 2 else part for index, part in enumerate(parts)]
    return f"{prefix}{''.join(written)}{postfix}"


def _field(text: str, values: Mapping[str, object]) -> str:
    name, padded, padding = text.partition("#:")
    if name not in values:
        raise InvalidRecordError(f"Invalid format: {name}", hint=f"one of {', '.join(values)}")
    value = str(values[name])
    if not padded:
        return value
    fill, width = padding[:1], padding[1:].removeprefix(">")
    if not (fill and width.isascii() and width.isdigit() and len(width) <= 2):
        raise InvalidRecordError(f"Invalid format: expected a fill and a width: {text}")
    return value.rjust(int(width), fill)
