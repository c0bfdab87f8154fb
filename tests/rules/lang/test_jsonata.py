"""JSONata as state machines use it: values, AWS's functions, errors, bounds."""

import contextlib
import copy
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.rules.lang.chance import Chance
from frontdesk.rules.lang.jsonata import (
    LONGEST,
    UNDEFINED,
    JsonataError,
    JsonataSyntaxError,
    UnsupportedResultError,
    compile_expression,
)

NOW = 1_700_000_000_000
VARIABLES = {
    "x": 5,
    "none": None,
    "list": [1, None, {"b": None}],
    "states": {"input": {"a": None, "zero": 0.0, "lines": [{"n": 1}, {"n": 2}], "name": "Ada"}},
}


def value_of(text, variables=VARIABLES, seed=b"seed"):
    return compile_expression(text).evaluate(variables, now=NOW, chance=Chance(seed))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$x + 1", 6),
        ("$none", None),
        ("$list", [1, None, {"b": None}]),
        ("$list[1]", None),
        ("$list[2].b", None),
        ("$states.input.a", None),
        ("$exists($states.input.a)", True),
        ("$exists($states.input.c)", False),
        ("$states.input.lines.n", [1, 2]),
        ("$states.input.lines[n = 2]", {"n": 2}),
        ("$states.input.lines[n = 2][]", [{"n": 2}]),
        ("$states.input.lines[n = 3]", UNDEFINED),
        ("[$states.input.nothing]", []),
        ('{"a": $nothing, "b": null}', {"b": None}),
        ("$nothing", UNDEFINED),
        ("( $x := 1; $x )", 1),
        ("null", None),
        ("[]", []),
        ('"Hi " & $states.input.name', "Hi Ada"),
        ("'\\uD83D\\uDE00'", "😀"),
        ("$length('\\uD83D\\uDE00')", 1),
        ("$now()", "2023-11-14T22:13:20.000Z"),
        ("$now('[Y]')", "2023"),
        ("$millis()", NOW),
        ("$contains('ab', /B/i)", True),
        ("$match('a1b2', /[a-z](\\d)/).groups", ["1", "2"]),
        ("$reduce([1..100], function($a, $b) { $a + $b })", 5050),
        ("($f := function($n) { $n = 0 ? 1 : $n * $f($n - 1) }; $f(20))", 2432902008176640000),
    ],
)
def test_an_expression_gives(text, value):
    assert value_of(text) == value


def test_whole_numbers_are_integers():
    found = value_of('{"a": $states.input.zero, "b": 1.5 * 2, "c": 0.5, "d": 1e300}')
    assert [type(one) for one in found.values()] == [int, int, float, float]


@pytest.mark.parametrize(
    ("text", "number", "message"),
    [
        ("$missing(1)", "T1006", "Attempted to invoke a non-function"),
        ("$x(1)", "T1006", "Attempted to invoke a non-function"),
        ("$eval('1')", "T1006", "Attempted to invoke a non-function"),
        ("$randomSeeded(1)", "T1006", "Attempted to invoke a non-function"),
        ("1/0", "D1001", "Number out of range: null"),
        ("'a' + 1", "T2001", "The left side of the + operator must evaluate to a number"),
        ("$error('boo')", "D3137", "boo"),
        ("$toMillis('foo')", "D3110", "Invalid isoformat string: 'foo'"),
        ("true and $number('x') > 0", "D3030", None),
        ("false or ($f := function() { $f() }; $f())", "D1012", None),
        ("$sort([{}, {}])", "D3070", None),
    ],
)  # fmt: skip
def test_a_failure_has_its_code(text, number, message):
    with pytest.raises(JsonataError) as caught:
        value_of(text)
    assert caught.value.number == number
    assert message in (None, caught.value.message)


@pytest.mark.parametrize("text", ["$sum", '{"a": $sum}', "function($a) { $a }", "/a/", "'\\uD800'"])
def test_what_is_no_json_is_an_unsupported_result(text):
    with pytest.raises(UnsupportedResultError):
        value_of(text)


@pytest.mark.parametrize(
    ("text", "number", "position"),
    [
        ("", "S0207", None),
        ("1 +", "S0207", None),
        ("(1", "S0203", None),
        ("$a[", "S0203", None),
        ("'open", "S0101", None),
        ("/(?=a)/", "S0500", None),
        ("$a := ]", "S0211", 7),
        ("1" + " " * LONGEST, "S0500", -1),
    ],
)
def test_what_cannot_be_read_is_refused(text, number, position):
    with pytest.raises(JsonataSyntaxError) as caught:
        compile_expression(text)
    assert caught.value.number == number
    assert position in (None, caught.value.position)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("($f := function() { $f() }; $f())", "D1012"),
        ("($f := function($n) { 1 + $f($n) }; $f(1))", "D1011"),
        ("($f := function($x) { $x & $f($x & $x) }; $f('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'))", "D1012"),
        ("[1..10000000]", "D2014"),
        ("($a := [1..1000]; $a.($a.($a)))", "D1012"),
        ("[1..300000]", "D1012"),
    ],
)  # fmt: skip
def test_what_runs_away_ends(text, number):
    with pytest.raises(JsonataError) as caught:
        value_of(text)
    assert caught.value.number == number


def test_variables_are_not_changed():
    before = copy.deepcopy(VARIABLES)
    value_of("$states.input ~> | lines | {'n': 9}, 'b' |")
    value_of("$append($list, 1)")
    assert before == VARIABLES


def test_evaluations_do_not_know_of_each_other():
    expression = compile_expression("($y := $x; $y)")
    found = [expression.evaluate({"x": x}, now=NOW, chance=Chance(b"")) for x in (1, 2)]
    assert found == [1, 2]
    assert value_of("$y") is UNDEFINED


def test_the_limit_of_recursion_stays():
    before = sys.getrecursionlimit()
    value_of("($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(100))")
    assert sys.getrecursionlimit() == before


def test_nothing_is_printed(capsys):
    with pytest.raises(JsonataError):
        value_of("$x(1)")
    assert capsys.readouterr() == ("", "")


def test_the_library_is_imported_with_the_first_expression():
    code = (
        "import sys; from frontdesk.rules.asl.data import flow; before = 'jsonata' in sys.modules;"
        " from frontdesk.rules.lang.jsonata import compile_expression; compile_expression('1');"
        " print(before, 'jsonata' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "False True\n"


def test_deep_values_fail():
    deep = []
    for _ in range(20_000):
        deep = [deep]
    with pytest.raises(JsonataError) as caught:
        value_of("$deep", {"deep": deep})
    assert caught.value.number == "D1011"


TOKENS = [
    "$x",
    "$states",
    ".",
    "input",
    "lines",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    ",",
    ":",
    ";",
    ":=",
    "?",
    "+",
    "-",
    "*",
    "/",
    "%",
    "&",
    "=",
    "!=",
    "<",
    ">",
    "..",
    "^(",
    "1",
    "0.5",
    "'a'",
    '"b"',
    "null",
    "true",
    "/a/",
    "function($v)",
    "{",
    "$",
    "$$",
    "**",
    "$map",
    "$filter",
    "$string",
    "$number",
    "$sum",
    "$sort",
    "$partition",
    "$hash",
    "$parse",
    "$replace",
    "~>",
    "|",
    "and",
    "in",
]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(TOKENS), max_size=12))
def test_no_expression_raises_anything_else(tokens):
    with contextlib.suppress(JsonataError):
        value_of(" ".join(tokens))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
NAMES = [
    "abs",
    "append",
    "average",
    "base64decode",
    "base64encode",
    "boolean",
    "ceil",
    "contains",
    "count",
    "decodeUrl",
    "distinct",
    "each",
    "encodeUrlComponent",
    "floor",
    "formatBase",
    "formatInteger",
    "formatNumber",
    "fromMillis",
    "hash",
    "join",
    "keys",
    "length",
    "lookup",
    "lowercase",
    "match",
    "max",
    "merge",
    "number",
    "pad",
    "parse",
    "parseInteger",
    "partition",
    "power",
    "random",
    "range",
    "replace",
    "reverse",
    "round",
    "shuffle",
    "sort",
    "split",
    "spread",
    "sqrt",
    "string",
    "substring",
    "substringBefore",
    "sum",
    "toMillis",
    "trim",
    "type",
    "uppercase",
    "zip",
]


@settings(max_examples=300)
@given(st.sampled_from(NAMES), st.lists(json_values, max_size=3))
def test_no_arguments_raise_anything_else(name, arguments):
    written = ", ".join(f"$a{index}" for index in range(len(arguments)))
    with contextlib.suppress(JsonataError):
        value_of(f"${name}({written})", {f"a{at}": one for at, one in enumerate(arguments)})


@given(json_values)
def test_a_value_passes_unchanged(value):
    try:
        assert value_of("$v", {"v": value}) == value
    except UnsupportedResultError:
        assert "\\ud" in ascii(value)
