"""The text of a definition: what is no JSON, in AWS's words, and the answer to who asked."""

import pytest

from frontdesk.rules.asl.check import diagnose, validation
from frontdesk.rules.asl.diagnostics import Severity

VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

TEXTS = {
    "a word (recorded)": (
        "not a definition",
        f"Unrecognized token 'not': was expecting {VALUES}",
        "line: 1, column: 4",
    ),
    "a word in the second line": (
        '{\n "a": yes}',
        f"Unrecognized token 'yes': was expecting {VALUES}",
        "line: 2, column: 10",
    ),
    "an open object": ('{"a": 1', "Unexpected end-of-input", "line: 1, column: 8"),
    "a trailing comma": (
        '{"a": 1,}',
        "Unexpected character ('}' (code 125)): was expecting double-quote to start field name",
        "line: 1, column: 9",
    ),
    "no colon": (
        '{"a" 1}',
        "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
        "line: 1, column: 6",
    ),
}


@pytest.mark.parametrize(("text", "message", "place"), TEXTS.values(), ids=TEXTS)
def test_what_is_no_json(text, message, place):
    (found,) = diagnose(text)
    assert found.code == "INVALID_JSON_DESCRIPTION"
    assert found.location == f'[Source: (String)"{text}"; {place}]'
    assert found.message == f"{message}\n at {found.location}"


OTHERS = {
    "nothing": ("", "MISSING_DESCRIPTION: Received a null or empty workflow input."),
    "a blank (recorded)": (" ", "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object"),
    "a list": ("[]", "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object"),
    "a name twice": ('{"a": 1, "a": 2}', "INVALID_JSON_DESCRIPTION: Duplicate field 'a'"),
    "no number": ('{"a": NaN}', "INVALID_JSON_DESCRIPTION: Non-standard token 'NaN'"),
    "a number too long": (
        f'{{"a": {"1" * 5000}}}',
        "INVALID_JSON_DESCRIPTION: Number out of range",
    ),
    "a number too large": ('{"a": 1e400}', "INVALID_JSON_DESCRIPTION: Number out of range"),
    "half a character": (
        '{"a": "\\ud83d"}',
        "INVALID_JSON_DESCRIPTION: Half of a surrogate pair",
    ),
    "too long": (
        " " * 1_048_577,
        "SCHEMA_VALIDATION_FAILED: Definition must not be longer than 1048576 characters",
    ),
    "too deep": ("[" * 200_000, "TOO_DEEPLY_NESTED: Nested more than 100 deep"),
}


@pytest.mark.parametrize(("text", "expected"), OTHERS.values(), ids=OTHERS)
def test_what_is_no_definition(text, expected):
    assert [str(one) for one in diagnose(text)] == [expected]


def test_a_pair_of_surrogates_is_a_character():
    assert not diagnose(FAULTLESS.replace("?", r"\ud83d\ude00"))


def test_a_long_text_is_repeated_in_part():
    (found,) = diagnose("x" * 600)
    assert f'"{"x" * 500}"[truncated 100 chars]; line: 1' in found.location


FAULTLESS = '{"StartAt": "X", "States": {"X": {"Type": "Pass", "Result": "?", "End": true}}}'
FAULTY = (
    '{"StartAt": "X", "States": {"X": {"Type": "Pass", "Parameters": {"a": "$.a"}, "Stop": 1}}}'
)


def test_the_answer_holds_errors_only_unless_warnings_are_asked_for():
    found = diagnose(FAULTY)
    codes = [one["code"] for one in validation(found)["diagnostics"]]
    assert codes == ["SCHEMA_VALIDATION_FAILED", "SCHEMA_VALIDATION_FAILED"]
    answer = validation(found, severity=Severity.WARNING, most=2)
    assert (answer["result"], answer["truncated"]) == ("FAIL", True)
    assert [one["code"] for one in answer["diagnostics"]] == codes
    whole = validation(found, severity=Severity.WARNING, most=0)
    assert whole["diagnostics"][-1] == {
        "severity": "WARNING",
        "code": "NO_DOLLAR",
        "message": (
            "The value of 'a' looks like a JSONPath. Instead of 'a', use 'a.$' to evaluate it as a JSONPath"
            " at runtime."
        ),
        "location": "/States/X/Parameters",
    }


def test_warnings_alone_are_no_failure():
    text = '{"StartAt": "X", "States": {"X": {"Type": "Fail", "Error": "$.a"}}}'
    answer = validation(diagnose(text), severity=Severity.WARNING)
    assert (answer["result"], len(answer["diagnostics"])) == ("OK", 1)
