"""Owns a definition as text: reading it as JSON, and the answer of ValidateStateMachineDefinition.

What AWS's reader (Jackson) says of a text that is no JSON, is said in its words. Knows no rule of states.
Source: AWS, "ValidateStateMachineDefinition".
"""

import json
import re
from json.decoder import JSONDecodeError
from math import isinf
from typing import Any, Final, NoReturn

from frontdesk.rules.asl.check.machine import MAX_DEPTH, check
from frontdesk.rules.asl.diagnostics import Code, Diagnostic, Severity
from frontdesk.rules.asl.model import Json

LONGEST_DEFINITION: Final = 1_048_576
"""Characters of a definition."""

_SHOWN: Final = 500
"""Characters of the text that Jackson repeats."""

_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
_TOKEN: Final = re.compile(r"[A-Za-z_$][\w$]*")
_VALUES: Final = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_EXPECTED: Final = {
    "Expecting property name enclosed in double quotes": "was expecting double-quote to start field name",
    "Illegal trailing comma before end of object": "was expecting double-quote to start field name",
    "Expecting ':' delimiter": "was expecting a colon to separate field name and value",
    "Expecting ',' delimiter": "was expecting comma to separate entries",
    "Expecting value": "expected a valid value " + _VALUES,
}


class _RefusedError(Exception):
    """Something that Python reads and Jackson, or a store, does not: one name twice in an object, NaN."""


def read_definition(text: str) -> Json | Diagnostic:
    """Read the text of a definition as JSON; or say why it is none."""
    if not text:
        return Diagnostic(Code.MISSING_DESCRIPTION, "Received a null or empty workflow input.")
    if len(text) > LONGEST_DEFINITION:
        message = f"Definition must not be longer than {LONGEST_DEFINITION} characters"
        return Diagnostic(Code.SCHEMA_VALIDATION_FAILED, message)
    if not text.strip():
        message = "Definition must be a valid JSON object"
        return Diagnostic(Code.SCHEMA_VALIDATION_FAILED, message)
    try:
        document: Json = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float
        )
        if _HALF.search(text):
            json.dumps(document, ensure_ascii=False).encode()
    except JSONDecodeError as error:
        return _syntax(text, error)
    except UnicodeEncodeError:
        return Diagnostic(Code.INVALID_JSON_DESCRIPTION, "Half of a surrogate pair")
    except _RefusedError as error:
        return Diagnostic(Code.INVALID_JSON_DESCRIPTION, str(error))
    except ValueError:  # a whole number of thousands of digits
        return Diagnostic(Code.INVALID_JSON_DESCRIPTION, "Number out of range")
    except RecursionError:
        return Diagnostic(Code.TOO_DEEPLY_NESTED, f"Nested more than {MAX_DEPTH} deep")
    return document


def json_fault(text: str) -> str:
    """Say in AWS's words why a text is no JSON; "" where Python reads it."""
    try:
        json.loads(text)
    except JSONDecodeError as error:
        return _syntax(text, error).message
    except (RecursionError, ValueError):
        pass
    return ""


def diagnose(text: str, *, express: bool = False) -> list[Diagnostic]:
    """List everything that is wrong with the text of a definition, errors first."""
    document = read_definition(text)
    if isinstance(document, Diagnostic):
        return [document]
    return check(document, express=express)


def validation(
    found: list[Diagnostic], *, severity: Severity = Severity.ERROR, most: int = 100
) -> dict[str, Any]:
    """Return the answer of ValidateStateMachineDefinition: {result, diagnostics, truncated}.

    severity: WARNING to tell of warnings as well; they never make the result FAIL. most: diagnostics told,
    1 to 100; 0 stands for 100.
    """
    errors = [one for one in found if one.severity is Severity.ERROR]
    told = errors if severity is Severity.ERROR else found
    most = most or 100
    return {
        "result": "FAIL" if errors else "OK",
        "diagnostics": [one.as_json() for one in told[:most]],
        "truncated": len(told) > most,
    }


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    read: dict[str, Json] = {}
    for name, value in pairs:
        if name in read:
            raise _RefusedError(f"Duplicate field '{name}'")
        read[name] = value
    return read


def _float(text: str) -> float:
    value = float(text)
    if isinf(value):  # it would become null where it is kept
        raise _RefusedError("Number out of range")
    return value


def _constant(name: str) -> NoReturn:
    raise _RefusedError(f"Non-standard token '{name}'")


def _syntax(text: str, error: JSONDecodeError) -> Diagnostic:
    token = _TOKEN.match(text, error.pos)
    column = error.colno
    if token:
        message = f"Unrecognized token '{token[0]}': was expecting {_VALUES}"
        column += len(token[0])
    elif error.pos >= len(text.rstrip()):
        message = "Unexpected end-of-input"
    elif error.msg in _EXPECTED:
        character = text[error.pos]
        message = (
            f"Unexpected character ('{character}' (code {ord(character)})): {_EXPECTED[error.msg]}"
        )
    else:
        message = error.msg
    more = len(text) - _SHOWN
    shown = f'"{text[:_SHOWN]}"' + (f"[truncated {more} chars]" if more > 0 else "")
    where = f"[Source: (String){shown}; line: {error.lineno}, column: {column}]"
    return Diagnostic(Code.INVALID_JSON_DESCRIPTION, f"{message}\n at {where}", location=where)
