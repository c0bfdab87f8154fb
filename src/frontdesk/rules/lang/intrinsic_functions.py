"""Owns what each intrinsic function of the Amazon States Language does with its arguments.

Knows neither how a call is written nor where its arguments come from.
Source: AWS, "Intrinsic functions for JSONPath states in Step Functions"; recorded answers of AWS.
"""

import base64
import binascii
import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from frontdesk.base.errors import FrontdeskError
from frontdesk.rules.lang.chance import Chance
from frontdesk.rules.lang.compact_json import from_json, to_json

MOST_ITEMS: Final = 1000
"""Items that ArrayRange makes."""

LONGEST_DATA: Final = 10_000
"""Characters that Base64Encode, Base64Decode and Hash take."""

LONGEST_RESULT: Final = 1 << 20
"""Characters that Format makes; what is longer would not pass as a payload."""

_LARGEST: Final = 2**63
"""Beyond the largest integer, as in Java."""

HASHES: Final = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}
"""Algorithms of Hash, with the names they have in Python."""


class FunctionError(FrontdeskError):
    """The arguments are not what the function takes."""

    code = "intrinsic_function"


@dataclass(frozen=True, slots=True)
class Format:
    """A literal template of States.Format. pieces: what stands before, between and after `{}`."""

    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A function. run: of its arguments. template: whether its first argument holds `{}`."""

    run: Callable[[list[Any], Chance], Any]
    fewest: int
    most: int
    template: bool = False


def hash_text(text: str, algorithm: Any) -> str:
    """Return the digest of a text in lower-case hexadecimal. Raises: FunctionError."""
    name = HASHES.get(algorithm) if isinstance(algorithm, str) else None
    if name is None:
        raise FunctionError(f"Hash algorithm must be one of {', '.join(HASHES)}")
    return hashlib.new(name, _utf8(text), usedforsecurity=False).hexdigest()


def partition(items: list[Any], length: int) -> list[list[Any]]:
    """Cut a list into lists of `length` items (from 1); the last may be shorter."""
    if length < 1:
        raise FunctionError("Size of chunks must be a positive integer")
    return [items[at : at + length] for at in range(0, len(items), length)]


def number_range(first: int, last: int, step: int) -> list[int]:
    """List the numbers from `first` to `last`, both included."""
    if step == 0:
        raise FunctionError("Step of a range must not be 0")
    numbers = range(first, last + (1 if step > 0 else -1), step)
    if len(numbers) > MOST_ITEMS:
        raise FunctionError(f"Range of more than {MOST_ITEMS} items")
    return list(numbers)


def rounded(value: Any) -> int:
    """Round a number as Java does: halves go up. Raises: FunctionError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FunctionError("Argument must be a number")
    if not -_LARGEST <= value < _LARGEST:
        raise FunctionError("Number out of range")
    return value if isinstance(value, int) else math.floor(value + 0.5)


def frozen(value: Any) -> Any:
    """Return what equals, and hashes as, the same of every equal JSON value."""
    if isinstance(value, dict):
        return frozenset((key, frozen(one)) for key, one in value.items())
    if isinstance(value, list):
        return tuple(map(frozen, value))
    return (bool, value) if isinstance(value, bool) else value


def java_text(value: Any) -> str:
    """Return the text that Java's `toString` gives: `{a=1, b=[x, null]}`."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}={java_text(one)}' for key, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(java_text, value))}]"
    return to_json(value)


def _format(arguments: list[Any], _chance: Chance) -> str:
    template, *values = arguments
    if isinstance(template, Format):
        pieces: tuple[str, ...] = template.pieces
    else:
        pieces = tuple(_string(template).split("{}"))
    if len(pieces) - 1 != len(values):
        raise FunctionError(
            f"{len(values)} arguments for {len(pieces) - 1} placeholders of the template"
        )
    texts = [java_text(value) for value in values]
    if sum(map(len, pieces)) + sum(map(len, texts)) > LONGEST_RESULT:
        raise FunctionError(f"Result longer than {LONGEST_RESULT} characters")
    return "".join(part for pair in zip(pieces, [*texts, ""], strict=True) for part in pair)


def _string_to_json(arguments: list[Any], _chance: Chance) -> Any:
    text = _string(arguments[0])
    return from_json(text) if text.strip() else None


def _array_contains(arguments: list[Any], _chance: Chance) -> bool:
    sought = frozen(arguments[1])
    return any(frozen(item) == sought for item in _array(arguments[0]))


def _array_get_item(arguments: list[Any], _chance: Chance) -> Any:
    items, index = _array(arguments[0]), rounded(arguments[1])
    if not 0 <= index < len(items):
        raise FunctionError(f"Index {index} out of bounds for length {len(items)}")
    return items[index]


def _array_unique(arguments: list[Any], _chance: Chance) -> list[Any]:
    first: dict[Any, Any] = {}
    for item in _array(arguments[0]):
        first.setdefault(frozen(item), item)
    return list(first.values())


def _base64_encode(arguments: list[Any], _chance: Chance) -> str:
    return base64.b64encode(_utf8(_short(arguments[0]))).decode()


def _base64_decode(arguments: list[Any], _chance: Chance) -> str:
    try:
        return base64.b64decode(_utf8(_short(arguments[0])), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise FunctionError("Argument is not the Base64 of a text") from error


def _hash(arguments: list[Any], _chance: Chance) -> str:
    data = arguments[0]
    return hash_text(_short(data if isinstance(data, str) else to_json(data)), arguments[1])


def _json_merge(arguments: list[Any], _chance: Chance) -> dict[str, Any]:
    one, other, deep = arguments
    if not isinstance(one, dict) or not isinstance(other, dict):
        raise FunctionError("Arguments to merge must be objects")
    if deep is not False:
        raise FunctionError("Only the shallow merge is supported: the third argument must be false")
    return one | other


def _math_add(arguments: list[Any], _chance: Chance) -> int:
    total = rounded(arguments[0]) + rounded(arguments[1])
    return rounded(total)


def _math_random(arguments: list[Any], chance: Chance) -> int:
    first, end = rounded(arguments[0]), rounded(arguments[1])
    if first >= end:
        raise FunctionError("End of the range must be greater than its start")
    if len(arguments) == 3:
        # Differs: [seeded-random] other numbers than AWS's, which does not tell its generator.
        chance = Chance(str(rounded(arguments[2])).encode())
    return first + chance.below(end - first)


def _string_split(arguments: list[Any], _chance: Chance) -> list[str]:
    text, separators = _string(arguments[0]), _string(arguments[1])
    if not separators:
        return [text] if text else []
    one = separators[0]
    table = str.maketrans(dict.fromkeys(separators, one))
    return [piece for piece in text.translate(table).split(one) if piece]


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise FunctionError("Argument must be a string")
    return value


def _short(value: Any) -> str:
    if len(_string(value)) > LONGEST_DATA:
        raise FunctionError(f"Argument longer than {LONGEST_DATA} characters")
    return str(value)


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise FunctionError("Argument must be an array")
    return value


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise FunctionError("Text holds half a surrogate pair") from error


FUNCTIONS: Final = {
    "Array": Function(lambda a, _: a, 0, MOST_ITEMS),
    "ArrayContains": Function(_array_contains, 2, 2),
    "ArrayGetItem": Function(_array_get_item, 2, 2),
    "ArrayLength": Function(lambda a, _: len(_array(a[0])), 1, 1),
    "ArrayPartition": Function(lambda a, _: partition(_array(a[0]), rounded(a[1])), 2, 2),
    "ArrayRange": Function(lambda a, _: number_range(*map(rounded, a)), 3, 3),
    "ArrayUnique": Function(_array_unique, 1, 1),
    "Base64Decode": Function(_base64_decode, 1, 1),
    "Base64Encode": Function(_base64_encode, 1, 1),
    "Format": Function(_format, 1, MOST_ITEMS, template=True),
    "Hash": Function(_hash, 2, 2),
    "JsonMerge": Function(_json_merge, 3, 3),
    "JsonToString": Function(lambda a, _: to_json(a[0]), 1, 1),
    "MathAdd": Function(_math_add, 2, 2),
    "MathRandom": Function(_math_random, 2, 3),
    "StringSplit": Function(_string_split, 2, 2),
    "StringToJson": Function(_string_to_json, 1, 1),
    "UUID": Function(lambda _, chance: chance.uuid(), 0, 0),
}
"""Name without `States.` -> function."""
