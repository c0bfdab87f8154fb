"""docs/states-data.md: its paths, functions and expressions give what its tables show."""

import json
import re

import pytest

from frontdesk.rules.asl.data import errors
from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.data.expressions import States, evaluate_template
from frontdesk.rules.asl.data.paths import query
from frontdesk.rules.asl.data.scope import LARGEST_PAYLOAD, LARGEST_VARIABLES, Scope
from frontdesk.rules.asl.data.templates import fill
from frontdesk.rules.lang.chance import Chance
from frontdesk.rules.lang.intrinsic_functions import FUNCTIONS
from frontdesk.rules.lang.intrinsics import IntrinsicError
from tests.docs.pages import ROOT, codes, tables

PAGE = (ROOT / "docs" / "states-data.md").read_text()
PATHS, CALLS, EXPRESSIONS, QUOTAS, ERRORS = tables(PAGE)
INPUT, TEMPLATE, FILLED = (
    json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
)  # fmt: skip
SCOPE = Scope(lambda: {"State": {"Name": "Charge"}}, {"tries": 3}, 0, Chance(b"page"))


def shown(cell, value):
    """Whether a cell shows a value, or the name of an error."""
    if "`" not in cell:
        return isinstance(value, str)
    if cell.startswith("fails"):
        return value is not None and codes(cell) == [value]
    return json.loads(codes(cell)[0]) == value


def outcome(evaluate, *arguments):
    try:
        return evaluate(*arguments)
    except StateError as error:
        return error.name


@pytest.mark.parametrize(("text", "value"), PATHS.rows + CALLS.rows)
def test_a_path_or_a_call_gives_what_is_shown(text, value):
    assert shown(value, outcome(query, codes(text)[0], "value.$", INPUT, SCOPE))


@pytest.mark.parametrize(("text", "value"), EXPRESSIONS.rows)
def test_an_expression_gives_what_is_shown(text, value):
    assert shown(value, outcome(evaluate_template, codes(text)[0], "Output", States(INPUT), SCOPE))


def test_the_template_is_filled_as_shown():
    assert fill(TEMPLATE, INPUT, SCOPE) == FILLED


def test_every_function_stands_in_the_table():
    assert {codes(text)[0].split("(")[0] for text, _ in CALLS.rows} == {
        f"States.{name}" for name in FUNCTIONS
    }


def test_the_quotas_are_true():
    held = [int(cell.replace(",", "")) for _, cell in QUOTAS.rows]
    assert held == [LARGEST_PAYLOAD, LARGEST_PAYLOAD, LARGEST_VARIABLES]


def test_every_error_stands_in_the_table():
    known = {value for name, value in vars(errors).items() if name.isupper()}
    assert {codes(name)[0] for name, _ in ERRORS.rows} == {*known, IntrinsicError.name}
